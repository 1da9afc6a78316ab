import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { addresses } from "./world-addresses.ts";

/** The outside world as the machine sees it. */
export interface Outside {
  /** PEM of the authority that its sites are signed with. */
  readonly certificate: string;
  /** All that any listener or name server outside was sent that holds this text. */
  sightings(text: string): Promise<readonly { readonly service: string; readonly text: string }[]>;
  /** What an outside listener answers to this marker; nobody else can know it. */
  proofOf(marker: string): Promise<string>;
  /** Pings that the outside has answered so far. */
  pings(): Promise<number>;
}

const ip = (...argv: string[]) => execFileSync("ip", argv, { stdio: ["ignore", "ignore", "inherit"] });

async function startOutside(): Promise<ChildProcess & { readonly certificate: string }> {
  const main = join(import.meta.dirname, "world-outside-main.ts");
  // The child says when it is in its new namespace, and waits there until the cable is plugged in.
  const argv = ["--net", "--", "sh", "-c", 'echo inside; read go; exec "$@" >&2', "sh", process.execPath, main];
  const child = spawn("unshare", argv, { stdio: ["pipe", "pipe", "inherit", "ipc"] });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("the outside world has no streams");
  await once(stdout, "data");
  plugIn(child.pid as number);
  stdin.end("go\n");
  const [ready] = (await once(child, "message")) as [{ certificate: string }];
  return Object.assign(child, { certificate: ready.certificate });
}

function plugIn(outside: number): void {
  const there = (...argv: string[]) =>
    execFileSync("nsenter", ["-t", String(outside), "-n", "ip", ...argv], { stdio: ["ignore", "ignore", "inherit"] });
  const six = (address: string) => address.includes(":");
  ip("link", "set", "lo", "up");
  ip("link", "add", "cable", "type", "veth", "peer", "name", "cable-out");
  ip("link", "set", "cable-out", "netns", String(outside));
  there("link", "set", "lo", "up");
  ip("link", "set", "cable", "up");
  there("link", "set", "cable-out", "up");
  ip("addr", "add", `${addresses.host}/24`, "dev", "cable");
  ip("-6", "addr", "add", `${addresses.host6}/64`, "dev", "cable", "nodad");
  ip("-6", "addr", "add", "fe80::1/64", "dev", "cable", "nodad");
  const { host: _host, host6: _host6, ...listeners } = addresses;
  for (const address of Object.values(listeners)) {
    const length = six(address) ? 128 : 32;
    there("addr", "add", `${address}/${length}`, "dev", "cable-out", ...(six(address) ? ["nodad"] : []));
    if (!address.startsWith("fe80")) ip(...(six(address) ? ["-6"] : []), "route", "add", address, "dev", "cable");
  }
  there("route", "add", `${addresses.host}/32`, "dev", "cable-out");
  there("-6", "route", "add", addresses.host6, "dev", "cable-out");
}

function readPings(outside: number): number {
  const text = execFileSync("nsenter", ["-t", String(outside), "-n", "cat", "/proc/self/net/snmp"], {
    encoding: "utf8",
  });
  const [names = "", values = ""] = text.split("\n").filter((line) => line.startsWith("Icmp:"));
  return Number(values.split(" ")[names.split(" ").indexOf("InEchos")]);
}

/** Plugs the machine into an outside world of its own: a second network namespace with real listeners, and no way further. */
export async function openOutside(): Promise<Outside> {
  const child = await startOutside();
  const waiting = new Map<number, (value: unknown) => void>();
  let last = 0;
  child.on("message", (reply: { id: number; value: unknown }) => waiting.get(reply.id)?.(reply.value));
  const ask = (call: string, marker: string) =>
    new Promise<unknown>((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      child.send({ id: last, call, marker });
    });
  return {
    certificate: child.certificate,
    sightings: async (text) => (await ask("sightings", text)) as readonly { service: string; text: string }[],
    proofOf: async (marker) => String(await ask("proof", marker)),
    pings: async () => readPings(child.pid as number),
  };
}

/** Answers the calls of the test file that started this machine, and leaves when that file is gone. */
export function serveCalls(answers: Readonly<Record<string, (data: never) => Promise<unknown>>>): void {
  process.on("disconnect", () => process.exit(0));
  process.on("message", (ask: { id: number; call: string; data: never }) => {
    const answer = answers[ask.call];
    const reply = answer === undefined ? Promise.reject(new Error(`no call ${ask.call}`)) : answer(ask.data);
    reply.then(
      (value) => process.send?.({ id: ask.id, value }),
      (error: unknown) => process.send?.({ id: ask.id, error: error instanceof Error ? error.stack : String(error) }),
    );
  });
  process.send?.({ ready: true });
}

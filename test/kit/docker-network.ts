import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { join } from "node:path";
import { addresses } from "./world-addresses.ts";

// Two network namespaces, joined by a cable: the engine's (its bridges and rules are there alone) and the outside world.
// Nothing leads further, so no packet of a test leaves the machine, and nothing of the machine's own network changes.

const ip = (...argv: string[]) => execFileSync("ip", argv, { stdio: ["ignore", "ignore", "pipe"] });

const listenedOn = [addresses.site, addresses.attacker, addresses.resolver, addresses.metadata, addresses.private];

const ipv6 = (namespace: string, ...argv: string[]) => ip("-n", namespace, "-6", ...argv);

/** Makes both namespaces; `NAME` is the engine's, `NAME-out` the outside, where the addresses of `world-addresses.ts` are. */
export function openEngineNetwork(name: string): void {
  const outside = `${name}-out`;
  for (const one of [name, outside]) {
    ip("netns", "add", one);
    ip("-n", one, "link", "set", "lo", "up");
  }
  ip("-n", name, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", outside);
  for (const one of [name, outside]) ip("-n", one, "link", "set", "cable", "up");
  ip("-n", name, "addr", "add", `${addresses.host}/24`, "dev", "cable");
  for (const address of listenedOn) ip("-n", outside, "addr", "add", `${address}/32`, "dev", "cable");
  ip("-n", outside, "route", "add", addresses.host, "dev", "cable");
  for (const address of listenedOn) ip("-n", name, "route", "replace", address, "dev", "cable");
  ipv6(name, "addr", "add", `${addresses.host6}/64`, "dev", "cable", "nodad");
  ipv6(outside, "addr", "add", `${addresses.site6}/64`, "dev", "cable", "nodad");
  // Refused at once, not lost: a name server of the machine that is asked in vain costs no time.
  ip("-n", name, "route", "add", "unreachable", "default");
}

/** Removes both; whatever still runs there keeps its namespace until it ends. */
export function removeEngineNetwork(name: string): void {
  for (const one of [name, `${name}-out`]) if (existsSync(`/run/netns/${one}`)) ip("netns", "delete", one);
}

/** Starts the outside world's name server; it ends when it is disconnected, or with us. */
export async function startNameServer(outside: string): Promise<ChildProcess> {
  const main = join(import.meta.dirname, "docker-outside-main.ts");
  const [file, args] = inNetwork(outside, [process.execPath, main]);
  const child = spawn(file, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  await once(child, "message");
  return child;
}

/** The command that runs another in a namespace: `execFileSync(...inNetwork(engine.network, ["ip", "address"]))`. */
export function inNetwork(network: string, argv: readonly string[]): readonly [string, string[]] {
  return ["nsenter", [`--net=/run/netns/${network}`, ...argv]];
}

/**
 * Has a server of this process answer at an address of the outside world (or of the engine's network): the socket is made
 * there and handed over. Resolves with its port; closing the server ends it.
 */
export async function listenOutside(
  network: string,
  server: Server,
  { address, port = 0 }: { readonly address: string; readonly port?: number },
): Promise<number> {
  const main = join(import.meta.dirname, "listen-outside-main.ts");
  const [file, args] = inNetwork(network, [process.execPath, main, address, String(port)]);
  const child = spawn(file, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const [answer, handle] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(() => Promise.reject(new Error(`cannot listen at ${address}:${port} in ${network}`))),
  ])) as [{ port: number }, Server | Socket];
  server.listen(handle);
  await once(server, "listening");
  child.disconnect();
  return answer.port;
}

import type { SendHandle } from "node:child_process";
import { enterArguments } from "./enter-arguments.ts";
import { localFailure } from "./errors.ts";
import type { Holder } from "./holder.ts";
import type { LocalHost } from "./local-host.ts";
import { dialerMark } from "./owner-mark.ts";

/** Longest that the helper may take to start. */
const startSeconds = 15;

/** A connection inside, of which nothing was read; or why there is none. */
export type Dialled = { readonly handle: SendHandle & { close(): void } } | { readonly reason: string };

/** Opens connections to the sandbox's loopback from within its network. */
export interface Dialer {
  /** Calls back once. Whoever gets the handle closes it. */
  dial(port: number, done: (dialled: Dialled) => void): void;
  /** Ends the helper; what waits for it is told. */
  end(): void;
}

/**
 * Starts the helper: it is in the sandbox's network and in none of its other namespaces, so that nothing inside sees it. It
 * ends with its channel to us, that is, with us. Throws `local_dialer_failed`.
 */
export function startDialer(host: LocalHost, holder: Pick<Holder, "init">, stateDir: string): Promise<Dialer> {
  const { nsenter, node } = host.programs;
  const command = [node, host.dialerEntry, ...dialerMark(stateDir)];
  const child = host.spawn(nsenter, [...enterArguments(holder, ["net"]), ...command], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { PATH: "/usr/bin:/bin" },
    cwd: "/",
    detached: true,
  });
  const waiting = new Map<string, (dialled: Dialled) => void>();
  let last = 0;
  let complaint = "";
  let isOver = false;
  const settle = (dial: string, dialled: Dialled) => {
    const done = waiting.get(dial);
    waiting.delete(dial);
    if (done) done(dialled);
    else if ("handle" in dialled) dialled.handle.close();
  };
  const over = () => {
    isOver = true;
    for (const dial of [...waiting.keys()]) settle(dial, { reason: "the helper in the sandbox's network ended" });
  };
  const dialer: Dialer = {
    dial: (port, done) => {
      last += 1;
      waiting.set(String(last), done);
      if (isOver) over();
      else child.send({ dial: String(last), port }, (error) => error && over());
    },
    end: () => void child.kill("SIGKILL"),
  };
  child.stderr?.on("data", (bytes: Buffer) => {
    complaint = (complaint + bytes.toString()).slice(-2000);
  });
  return new Promise<Dialer>((resolve, reject) => {
    const fail = (detail: string) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      over();
      reject(localFailure("local_dialer_failed", { detail }));
    };
    const timer = setTimeout(() => fail(`no answer within ${startSeconds} s`), startSeconds * 1000);
    child.once("error", (error) => fail(error.message));
    child.once("close", () => fail(complaint.trim() || "its helper ended"));
    child.on("message", (message: { type: string; dial?: string; reason?: string }, handle) => {
      if (message.type === "ready") {
        clearTimeout(timer);
        resolve(dialer);
      } else if (message.type === "dialled" && handle) {
        settle(message.dial ?? "", { handle: handle as SendHandle & { close(): void } });
      } else settle(message.dial ?? "", { reason: message.reason ?? "no socket came" });
    });
  });
}

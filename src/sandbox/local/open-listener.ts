import type { ChildProcess } from "node:child_process";
import type { Server } from "node:net";
import { enterArguments } from "./enter-arguments.ts";
import { localFailure } from "./errors.ts";
import type { Holder } from "./holder.ts";
import type { LocalHost } from "./local-host.ts";

/** Longest that opening a listener may take. */
const listenSeconds = 15;

/**
 * Opens a listening socket on the sandbox's loopback and brings it out: no relay, no file inside. Whoever gets it must hand
 * it to the gate and close its own copy before anything runs inside, else it would accept connections itself.
 */
export async function openListener(host: LocalHost, holder: Pick<Holder, "init">, port: number): Promise<Server> {
  const { nsenter, node } = host.programs;
  const child = host.spawn(nsenter, [...enterArguments(holder, ["net"]), node, host.listenerEntry, String(port)], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { PATH: "/usr/bin:/bin" },
    cwd: "/",
  });
  return receiveListener(child);
}

/** The listener that a helper sends on its channel; a helper that does not is ended. */
export function receiveListener(child: ChildProcess): Promise<Server> {
  return new Promise<Server>((resolve, reject) => {
    let complaint = "";
    const fail = (detail: string) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(localFailure("local_listener_failed", { detail }));
    };
    const timer = setTimeout(() => fail(`no answer within ${listenSeconds} s`), listenSeconds * 1000);
    child.stderr?.on("data", (bytes: Buffer) => {
      complaint = (complaint + bytes.toString()).slice(-2000);
    });
    child.once("error", (error) => fail(error.message));
    child.once("close", () => fail(complaint.trim() || "its helper ended"));
    child.once("message", (message: { type: string; detail?: string }, handle) => {
      if (message.type !== "listener" || !handle) return fail(message.detail ?? "no socket came");
      clearTimeout(timer);
      resolve(handle as Server);
    });
  });
}

import { enterArguments } from "./enter-arguments.ts";
import { localFailure } from "./errors.ts";
import type { Holder } from "./holder.ts";
import type { LocalHost } from "./local-host.ts";

/** The machine's own device nodes that bubblewrap shows. */
export const deviceNodes = ["null", "zero", "full", "random", "urandom", "tty"].map((name) => `/dev/${name}`);
/** Longest that sealing them may take. */
export const sealSeconds = 10;

const script = 'mount=$1; shift; for node; do "$mount" -o remount,bind,ro "$node" || exit; done';

/**
 * Makes the machine's device nodes read-only as files: run as root, the agent owns them in the kernel's eyes and could
 * change their mode for the whole machine. Writing to the devices is not touched by it. To be done before the first command.
 */
export async function sealDevices(host: LocalHost, holder: Pick<Holder, "init">): Promise<void> {
  const { nsenter, sh, mount } = host.programs;
  const helper = [sh, "-c", script, "caisson", mount, ...deviceNodes];
  const child = host.spawn(nsenter, [...enterArguments(holder, ["mount"]), ...helper], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: "/usr/bin:/bin" },
    cwd: "/",
    timeout: sealSeconds * 1000,
  });
  let complaint = "";
  child.stderr?.on("data", (bytes: Buffer) => {
    complaint = (complaint + bytes.toString()).slice(-2000);
  });
  await new Promise<void>((resolve, reject) => {
    const fail = (detail: string) => reject(localFailure("local_holder_failed", { detail }));
    child.once("error", (error) => fail(error.message));
    child.once("close", (code) => (code === 0 ? resolve() : fail(complaint.trim() || "its devices cannot be sealed")));
  });
}

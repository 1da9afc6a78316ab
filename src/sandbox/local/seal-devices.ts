import { enterArguments } from "./enter-arguments.ts";
import { localFailure } from "./errors.ts";
import type { Holder } from "./holder.ts";
import type { LocalHost } from "./local-host.ts";
import { renderSeal } from "./perl-scripts.ts";

/** What bubblewrap shows of the machine's own device nodes. */
const nodes = ["null", "zero", "full", "random", "urandom", "tty"];
const sealSeconds = 10;

const script = 'mount=$1; shift; for node; do "$mount" -o remount,bind,ro "/dev/$node" || exit; done';

/**
 * Makes the machine's device nodes read-only as files: run as root, the agent owns them in the kernel's eyes and could
 * change their mode for the whole machine. Writing to the devices is not touched by it. To be done before the first command.
 */
export async function sealDevices(host: LocalHost, holder: Pick<Holder, "init">): Promise<void> {
  const { sh, mount, perl } = host.programs;
  const slow = [sh, "-c", script, "caisson", mount, ...nodes];
  if (perl === undefined) return runHelper(host, holder, slow);
  const paths = nodes.map((node) => `/dev/${node}`);
  // A kernel that wants more of the mount's own flags kept is told them by `mount`, which reads them.
  return runHelper(host, holder, [perl, ...renderSeal(host.arch, paths)]).catch(() => runHelper(host, holder, slow));
}

async function runHelper(host: LocalHost, holder: Pick<Holder, "init">, helper: readonly string[]): Promise<void> {
  const child = host.spawn(host.programs.nsenter, [...enterArguments(holder, ["mount"]), ...helper], {
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

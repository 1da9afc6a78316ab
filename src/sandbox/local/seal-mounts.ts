import { enterArguments } from "./enter-arguments.ts";
import { localFailure } from "./errors.ts";
import type { Holder } from "./holder.ts";
import type { LocalHost } from "./local-host.ts";
import type { MountCopy } from "./split-copies.ts";

/** The machine's own device nodes that bubblewrap shows. */
export const deviceNodes = ["null", "zero", "full", "random", "urandom", "tty"].map((name) => `/dev/${name}`);
/** Longest that sealing them may take. */
export const sealSeconds = 10;

// One mount that a helper made before it failed is hidden by the same one.
const script = `
mount=$1
shift
while [ "$1" != -- ]; do
  "$mount" --bind "$1" "$2" || exit
  shift 2
done
shift
for node; do "$mount" -o remount,bind,ro "$node" || exit; done
`;

/**
 * Makes copies of read-only mounts, and the machine's device nodes read-only as files: run as root, the agent owns them in the kernel's eyes and could
 * change their mode for the whole machine. Writing to the devices is not touched by it. To be done before the first command.
 */
export async function sealMounts(
  host: LocalHost,
  holder: Pick<Holder, "init">,
  { copies, nodes }: { readonly copies: readonly MountCopy[]; readonly nodes: readonly string[] },
): Promise<void> {
  const { nsenter, sh, mount } = host.programs;
  const pairs = copies.flatMap(({ from, to }) => [from, to]);
  const helper = [sh, "-c", script, "caisson", mount, ...pairs, "--", ...nodes];
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
    child.once("close", (code) => (code === 0 ? resolve() : fail(complaint.trim() || "its mounts cannot be sealed")));
  });
}

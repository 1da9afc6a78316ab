import type { TrialOutcome } from "./machine-facts.ts";
import { runProbe } from "./run-probe.ts";

/** Really starts a sandbox of the kind that the local engine makes, and says what bubblewrap said when it could not. */
export async function tryBubblewrap(bwrap: string): Promise<TrialOutcome> {
  const sandbox = ["--unshare-all", "--unshare-user", "--uid", "0", "--gid", "0", "--die-with-parent", "--new-session"];
  const view = ["--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"];
  const { exitCode, stderr } = await runProbe([bwrap, ...sandbox, ...view, "--cap-drop", "ALL", "/bin/sh", "-c", ":"], {
    seconds: 10,
  });
  if (exitCode === 0) return { ok: true };
  const said = stderr.trim().split("\n")[0] ?? "";
  return { ok: false, detail: said === "" ? `bubblewrap ended with ${exitCode ?? "a signal"}` : said };
}

import { join } from "node:path";
import { formatConfig } from "../git/config-entry.ts";
import type { HeldGitDir } from "../git/hold-git-dir.ts";
import { listFiles } from "../git/reflog-stamps.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardPlan } from "../guard-plan.ts";
import type { Notebook } from "./notebook.ts";

const maxBytes = 1024 * 1024;
const states = ["rebase-merge", "rebase-apply", "sequencer"];

/** Tells what an agent changed in its copy that is never carried over, and ends what it ended. */
export function settlePrivate(host: GuardHost, unit: HeldGitDir, notebook: Notebook): void {
  const drop = (name: string, detail: string) =>
    notebook.add({ path: join(unit.path, name), action: "dropped", detail });
  for (const name of states) {
    const [before, now] = [unit.underWay.includes(name), host.look(join(unit.privateDir, name)) !== undefined];
    // What it ended inside is over on the host too. What it began names commands that git of the host would run.
    if (before && !now) host.removeTree(join(unit.at, name));
    if (now && (!before || differ(host, join(unit.privateDir, name), join(unit.at, name), () => true).length > 0))
      drop(name, `under way when the run ended, and not carried over; its state is at ${join(unit.privateDir, name)}`);
  }
  const config = host.readUntrusted(unit.privateDir, ["config.worktree"], maxBytes);
  const given = unit.seedWorktreeConfig && formatConfig(unit.seedWorktreeConfig);
  if ((config.is === "file" ? config.bytes.toString() : undefined) !== given) drop("config.worktree", "changed inside");
  if (unit.role === "worktree") return;
  const [inside, outside] = [join(unit.privateDir, "hooks"), join(unit.at, "hooks")];
  for (const name of differ(host, inside, outside, (path) => !path.endsWith(".sample")))
    drop(`hooks/${name}`, `a hook that was made or changed inside; it is at ${join(unit.privateDir, "hooks", name)}`);
  if (!isSame(host, unit.privateDir, unit.at, "info/attributes")) drop("info/attributes", "changed inside");
}

/** Tells what an agent changed in a private copy of a folder of hooks. */
export function settleShadow(host: GuardHost, shadow: GuardPlan["shadows"][number], notebook: Notebook): void {
  for (const name of differ(host, shadow.privateDir, shadow.path, () => true))
    notebook.add({
      path: join(shadow.path, name),
      action: "dropped",
      detail: `a hook that was made or changed inside; it is at ${join(shadow.privateDir, name)}`,
    });
}

/** Files of one folder that are not the same in the other. */
function differ(
  host: GuardHost,
  inside: string,
  outside: string,
  counts: (path: string) => boolean,
): readonly string[] {
  return listFiles(host, inside, "", 500).filter((path) => counts(path) && !isSame(host, inside, outside, path));
}

function isSame(host: GuardHost, inside: string, outside: string, path: string): boolean {
  const [a, b] = [inside, outside].map((folder) => host.readUntrusted(folder, path.split("/"), maxBytes));
  return a?.is === "file" && b?.is === "file" ? a.bytes.equals(b.bytes) : a?.is === b?.is;
}

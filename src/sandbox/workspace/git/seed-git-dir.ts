import { join } from "node:path";
import { copyTree } from "../copy-tree.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardedGitDir } from "../guard-plan.ts";
import { formatConfig } from "./config-entry.ts";
import { saveBase } from "./mirror-base.ts";
import { saveReflogStamps } from "./reflog-stamps.ts";
import { commonFiles, workTreeFiles } from "./state-files.ts";

/** More files than this are not copied: a reflog of thousands of remote branches is no use inside. */
const maxCopies = 2000;

const ownedByWorkTree = [
  ...workTreeFiles,
  "commondir",
  "gitdir",
  "BISECT_LOG",
  "BISECT_NAMES",
  "BISECT_START",
  "BISECT_TERMS",
  "BISECT_EXPECTED_REV",
  "config.worktree",
];
const ownedByAll = [...commonFiles, "description"];
const folders = ["info", "logs", "rebase-merge", "rebase-apply", "sequencer", "remotes", "branches"];

/** Fills the private copy of a git directory. What is large is not copied but mounted; the base is written last. */
export function seedGitDir(host: GuardHost, unit: GuardedGitDir): void {
  for (const folder of unit.folders) host.makeFolder(join(unit.privateDir, folder), 0o755);
  if (unit.role !== "initial") {
    const budget = { left: maxCopies };
    for (const name of [...ownedByWorkTree, ...(unit.role === "worktree" ? [] : ownedByAll)])
      copyTree(host, join(unit.path, name), join(unit.privateDir, name), budget);
    for (const name of folders) copyTree(host, join(unit.path, name), join(unit.privateDir, name), budget);
    for (const { name } of host.list(unit.path).filter(({ name }) => name.startsWith("sharedindex.")))
      copyTree(host, join(unit.path, name), join(unit.privateDir, name), budget);
    if (unit.role !== "worktree") seedCommon(host, unit, budget);
    if (unit.objectInfo) host.makeFolder(unit.objectInfo, 0o755);
    if (unit.objectInfo) copyTree(host, join(unit.path, "objects", "info"), unit.objectInfo, budget);
    saveReflogStamps(host, unit);
  }
  saveBase(host, unit);
}

function seedCommon(host: GuardHost, unit: GuardedGitDir, budget: { left: number }): void {
  host.writeFile(join(unit.privateDir, "config"), formatConfig(unit.seedConfig), { mode: 0o644 });
  host.makeFolder(join(unit.privateDir, "hooks"), 0o755);
  if (host.look(join(unit.path, "hooks"))?.kind === "folder")
    for (const { name } of host.list(join(unit.path, "hooks")).filter(({ name }) => !name.endsWith(".sample")))
      copyTree(host, join(unit.path, "hooks", name), join(unit.privateDir, "hooks", name), budget, "links too");
  if (unit.excludes.length === 0) return;
  const exclude = join(unit.privateDir, "info", "exclude");
  const lines = ["", "# Names that Caisson keeps free while this sandbox runs", ...unit.excludes, ""];
  host.makeFolder(join(unit.privateDir, "info"), 0o755);
  host.writeFile(exclude, `${host.readOwn(exclude) ?? ""}${lines.join("\n")}`, { mode: 0o644 });
}

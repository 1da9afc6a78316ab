import { join } from "node:path";
import { copyTree } from "../copy-tree.ts";
import type { GuardHost } from "../guard-host.ts";
import { formatConfig } from "./config-entry.ts";
import type { HeldGitDir } from "./hold-git-dir.ts";
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
];
const ownedByAll = [...commonFiles, "description"];
/** Reflogs last: they may use up what may be copied. */
const folders = ["rebase-merge", "rebase-apply", "sequencer", "info", "remotes", "branches", "logs"];

/** Fills the private copy of a git directory. What is large is not copied but mounted; the base is written last. */
export function seedGitDir(host: GuardHost, unit: HeldGitDir): void {
  for (const folder of unit.folders) host.makeFolder(join(unit.privateDir, folder), 0o755);
  const budget = { left: maxCopies };
  const bring = (name: string) => copyTree(host, join(unit.at, name), join(unit.privateDir, name), budget);
  for (const name of [...ownedByWorkTree, ...(unit.role === "worktree" ? [] : ownedByAll), ...folders]) bring(name);
  for (const { name } of host.list(unit.at)) if (name.startsWith("sharedindex.")) bring(name);
  if (unit.seedWorktreeConfig)
    host.writeFile(join(unit.privateDir, "config.worktree"), formatConfig(unit.seedWorktreeConfig), { mode: 0o644 });
  if (unit.role !== "worktree") seedCommon(host, unit, budget);
  if (unit.objectInfo) host.makeFolder(unit.objectInfo, 0o755);
  if (unit.objectInfo) copyTree(host, join(unit.at, "objects", "info"), unit.objectInfo, budget);
  saveReflogStamps(host, unit);
  saveBase(host, unit);
}

function seedCommon(host: GuardHost, unit: HeldGitDir, budget: { left: number }): void {
  host.writeFile(join(unit.privateDir, "config"), formatConfig(unit.seedConfig), { mode: 0o644 });
  host.makeFolder(join(unit.privateDir, "hooks"), 0o755);
  if (host.look(join(unit.at, "hooks"))?.kind === "folder")
    for (const { name } of host.list(join(unit.at, "hooks")).filter(({ name }) => !name.endsWith(".sample")))
      copyTree(host, join(unit.at, "hooks", name), join(unit.privateDir, "hooks", name), budget, "links too");
  if (unit.excludes.length === 0) return;
  const exclude = join(unit.privateDir, "info", "exclude");
  const lines = ["", "# Names that Caisson keeps free while this sandbox runs", ...unit.excludes, ""];
  host.makeFolder(join(unit.privateDir, "info"), 0o755);
  host.writeFile(exclude, `${host.readOwn(exclude) ?? ""}${lines.join("\n")}`, { mode: 0o644 });
}

import { findSandbox } from "../../run/list-sandboxes.ts";
import { type ApplyReport, applyCopy } from "../../sandbox/workspace/copy/apply-copy.ts";
import { copyOf, copyTools } from "../copied-workspace.ts";
import { defineCommand } from "../frame/command.ts";
import { flag } from "../frame/option.ts";
import { alignColumns } from "../output/align-columns.ts";

const conflict = 7;

/** `caisson apply`. */
export const applyCommand = defineCommand({
  arguments: [{ name: "<slug>", summary: "the sandbox: its slug, the beginning of it, or its label" }],
  options: {
    dryRun: flag("--dry-run", "say what would be done, change nothing"),
    skipConflicts: flag("--skip-conflicts", "apply the rest when something was changed on both sides"),
    includeProtected: flag("--include-protected", "also what could act on this machine by itself; look at it first"),
    all: flag("--all", "also what .gitignore hides"),
  },
  examples: [
    { line: "caisson apply brisk-otter --dry-run", does: "what would be added, changed, merged and deleted" },
    { line: "caisson apply brisk-otter", does: "does it; a second time there is nothing to do" },
  ],
  exits: {
    3: "no such sandbox, or your folder is gone",
    7: "changed on both sides: nothing was applied (with --skip-conflicts: the rest was); or its workspace is not a copy",
  },
  notes: [
    "A file that only the agent changed is taken; one that you changed as well is merged, when it is text and the lines are others. All is applied or nothing. Killed in the middle, the next `caisson apply` finishes it.",
    "Left out unless --include-protected is given: settings of agents, editors and shells, hooks and what git runs or obeys, links that lead out of the folder. What lies in .git, commits too, is never applied: files are.",
  ],
  run: async (context, { arguments: [name = ""], options }) => {
    const { output, folders } = context;
    const { metadata } = findSandbox(folders.state, name);
    const { slug } = metadata;
    const { dryRun, skipConflicts, includeProtected, all } = options;
    const request = { dryRun, skipConflicts, includeProtected, all, umask: process.umask() };
    const report = await applyCopy(copyTools(context, metadata), copyOf(context, metadata), request);
    output.show({ slug, dryRun, ...report, hidden: report.hidden.length }, () => doneLines(report));
    const { applied, conflicts, left, hidden, finished } = report;
    if (finished > 0) output.note(`finished an apply that had been cut off (${finished} paths)`);
    if (applied.length === 0) output.note("nothing to apply");
    else output.note(`${dryRun ? "would be applied" : "applied"} to ${report.dir}`);
    for (const { path, reason } of left) output.note(`left out   ${path}   ${reason}`);
    if (left.length > 0)
      output.note(`to take it: caisson diff ${slug}, then caisson apply ${slug} --include-protected`);
    for (const { path, reason } of conflicts) output.note(`conflict   ${path}   ${reason}`);
    if (hidden.length > 0)
      output.note(`${hidden.length} more changed that .gitignore hides   (caisson apply ${slug} --all)`);
    return conflicts.length > 0 ? conflict : 0;
  },
});

const doneLines = ({ applied }: ApplyReport): readonly string[] =>
  alignColumns(applied.map(({ path, did }) => [did, path])).map((line) => line.trimEnd());

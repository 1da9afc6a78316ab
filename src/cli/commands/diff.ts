import { relative, resolve } from "node:path";
import { findSandbox } from "../../run/list-sandboxes.ts";
import { diffCopy } from "../../sandbox/workspace/copy/diff-copy.ts";
import { copyOf, copyTools } from "../copied-workspace.ts";
import { defineCommand } from "../frame/command.ts";
import { flag } from "../frame/option.ts";

const changed = 1;

/** `caisson diff`. */
export const diffCommand = defineCommand({
  arguments: [
    { name: "<slug>", summary: "the sandbox: its slug, the beginning of it, or its label" },
    { name: "[paths...]", summary: "only these files and folders" },
  ],
  options: {
    stat: flag("--stat", "how many lines of which files, instead of the lines"),
    all: flag("--all", "also what .gitignore hides"),
    exitCode: flag("--exit-code", "exit with 1 when something changed"),
  },
  examples: [
    { line: "caisson diff brisk-otter", does: "what the agent changed, as a unified diff; also while it works" },
    { line: "caisson diff brisk-otter --stat src", does: "which files below src, and by how much" },
  ],
  exits: { 1: "with --exit-code: something changed", 3: "no such sandbox", 7: "its workspace is not a copy" },
  notes: [
    "Compared is the copy (--workspace copy) with your folder as it was when the run began; a repository is not needed.",
    "Paths are those of the workspace, relative to where you are when you are in it.",
    "A file above 8 MiB is compared and named, its lines are not shown.",
  ],
  run: async (context, { arguments: [name = "", ...paths], options }) => {
    const { output, folders, cwd } = context;
    const { metadata } = findSandbox(folders.state, name);
    const dir = metadata.workspace.dir ?? "/";
    const diff = await diffCopy(copyTools(context, metadata), copyOf(context, metadata), {
      all: options.all,
      paths: paths.map((path) => relativeTo(dir, cwd, path)),
      form: options.stat ? "stat" : "patch",
      colours: output.isTerminal && output.style.bold("x") !== "x",
    });
    const { files, hidden, text } = diff;
    if (output.json) output.show({ slug: metadata.slug, dir, files, hidden: hidden.length }, () => []);
    else output.pass("stdout", text);
    if (files.length === 0) output.note("nothing changed");
    if (hidden.length > 0)
      output.note(`${hidden.length} more changed that .gitignore hides   (caisson diff ${metadata.slug} --all)`);
    return options.exitCode && files.length > 0 ? changed : 0;
  },
});

/** A path as the diff has it, from where the person stands: in the workspace, or anywhere else. */
function relativeTo(dir: string, cwd: string, path: string): string {
  const isInside = cwd === dir || cwd.startsWith(`${dir}/`);
  return relative(dir, resolve(isInside ? cwd : dir, path)) || ".";
}

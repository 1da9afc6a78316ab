import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
import type { RunInput } from "./run-options.ts";

/** The workspace of a run, by its real path: what is checked and what is mounted or copied must be the same folder. */
export function resolveWorkspace(
  context: Pick<CommandContext, "cwd">,
  options: Pick<RunInput["options"], "workspace" | "dir">,
): { readonly mode: "mount" | "copy" | "none"; readonly dir?: string } {
  if (options.workspace === "none") {
    if (options.dir !== undefined)
      throw cliFailure("wrong_usage", { command: "run", problem: "--dir needs a workspace, not --workspace none" });
    return { mode: "none" };
  }
  const wanted = resolve(context.cwd, options.dir ?? ".");
  if (!statSync(wanted, { throwIfNoEntry: false })?.isDirectory()) {
    throw cliFailure("wrong_value", {
      command: "run",
      option: "--dir",
      value: options.dir ?? ".",
      expected: "a folder that is there",
    });
  }
  return { mode: options.workspace ?? "mount", dir: realpathSync.native(wanted) };
}

import { programsOutside } from "../host/programs-outside.ts";
import { statePaths } from "../sandbox/state-paths.ts";
import { countUnapplied } from "../sandbox/workspace/copy/apply-copy.ts";
import { readBaseline } from "../sandbox/workspace/copy/baseline.ts";
import { createTreeHost } from "../sandbox/workspace/copy/node-tree-host.ts";
import type { CopyName, CopyTools } from "../sandbox/workspace/copy/open-copy.ts";
import type { Metadata } from "../spec/state-files.ts";
import type { CommandContext } from "./frame/command-context.ts";

/** What comparing and applying do to this machine. */
export const copyTools = (
  { environment }: Pick<CommandContext, "environment">,
  { workspace }: Pick<Metadata, "workspace">,
): CopyTools => ({ host: createTreeHost(), programs: programsOutside(environment.PATH ?? "", workspace.dir) });

/** The copy that a sandbox's agent works in. */
export const copyOf = (
  { folders }: Pick<CommandContext, "folders">,
  { slug, workspace }: Pick<Metadata, "slug" | "workspace">,
): CopyName => ({ stateDir: statePaths(folders.state, slug).dir, slug, mode: workspace.mode });

/** How many changes a sandbox's removal would lose; 0 when its workspace is no copy. */
export async function countKept(context: CommandContext, metadata: Metadata): Promise<number> {
  const copy = copyOf(context, metadata);
  return readBaseline(copy.stateDir) === undefined ? 0 : countUnapplied(copyTools(context, metadata), copy);
}

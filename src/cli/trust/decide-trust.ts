import type { ManifestLayer } from "../../policy/manifest-layer.ts";
import type { Note } from "../../policy/note.ts";
import type { TrustDecision } from "../../policy/trust-layers.ts";
import type { CommandContext } from "../frame/command-context.ts";

/** What counts of a workspace's manifests, and the digests of the folders that images may be built from. */
export interface DecidedTrust extends TrustDecision {
  readonly dockerfiles: ReadonlyMap<string, string>;
}

const nothing: DecidedTrust = { is: "unknown", granted: new Map(), notes: [], dockerfiles: new Map() };

/** Whether a person trusted what the workspace asks for, as it is in these layers: nothing of them is read a second time. */
export async function decideTrust(
  context: Pick<CommandContext, "folders" | "environment">,
  workspace: string | undefined,
  layers: readonly ManifestLayer[],
): Promise<DecidedTrust> {
  if (workspace === undefined || !layers.some(({ trust }) => trust === "workspace")) return nothing;
  const [{ readWishes }, { readTrustRecord }] = await Promise.all([
    import("./read-wishes.ts"),
    import("./trust-store.ts"),
  ]);
  const record = readTrustRecord(context.folders.state, workspace);
  // Folders are read, too: only where a person trusted something before is there anything to compare them with.
  if (record === undefined) return nothing;
  const read = await readWishes(context, workspace, layers);
  if (read === undefined) return nothing;
  if (record.digest !== read.digest) return { ...nothing, is: "changed" };
  const notes = read.wishes.flatMap(({ where, never }): Note[] =>
    never === undefined ? [] : [{ level: "warning", code: "never_trusted", text: `${where} is ignored: ${never}` }],
  );
  return { is: "trusted", granted: read.granted, notes, dockerfiles: read.dockerfiles };
}

import { findDevcontainer, readDevcontainer } from "../host/read-devcontainer.ts";
import { devcontainerGlance } from "../policy/devcontainer-glance.ts";
import type { ManifestLayer } from "../policy/manifest-layer.ts";
import type { Note } from "../policy/note.ts";

/**
 * What a workspace's `devcontainer.json` asks for, as one more layer of the workspace. Reading it takes half a second, so it is only
 * done where a person trusted something of the workspace, or is about to (`isAsked`); else a note says that it is there.
 */
export async function devcontainerRequests(
  stateRoot: string,
  workspace: string,
  isAsked: boolean,
): Promise<{ readonly layers: readonly ManifestLayer[]; readonly notes: readonly Note[] }> {
  const found = findDevcontainer(workspace);
  if (found === undefined) return { layers: [], notes: [] };
  const { readTrustRecord } = await import("./trust/trust-store.ts");
  const { path: file, text } = found;
  const note = (level: Note["level"], said: string): Note => ({ level, code: "devcontainer", text: `${file} ${said}` });
  if (!isAsked && readTrustRecord(stateRoot, workspace) === undefined) {
    const asks = devcontainerGlance(text);
    if (asks.length === 0) return { layers: [], notes: [] };
    const said = `would bring ${asks.join(", ")}; nothing of it counts before you look at it: caisson policy trust`;
    return { layers: [], notes: [note("info", said)] };
  }
  const config = await readDevcontainer(workspace, found);
  if (config === undefined) return { layers: [], notes: [note("warning", "is ignored: it cannot be read")] };
  const { devcontainerLayer } = await import("../policy/devcontainer-layer.ts");
  const { layer, notes } = devcontainerLayer({ file, dir: file.slice(0, file.lastIndexOf("/")), config });
  return { layers: [layer], notes };
}

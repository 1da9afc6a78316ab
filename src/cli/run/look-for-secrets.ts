import { isAbsolute, relative, resolve } from "node:path";
import { programsOutside } from "../../host/programs-outside.ts";
import type { ManifestLayer } from "../../policy/manifest-layer.ts";
import type { Note } from "../../policy/note.ts";
import { wishedSecrets } from "../../policy/wished-secrets.ts";
import type { FoundSecrets } from "../../sandbox/workspace/secrets/find-secrets.ts";
import type { CommandContext } from "../frame/command-context.ts";

/** Secrets that lie in the workspace of a run: what is masked, what the person said is shown, and what they should know. */
export async function lookForSecrets(
  { environment, cwd }: Pick<CommandContext, "environment" | "cwd">,
  workspace: string | undefined,
  { layers, show }: { readonly layers: readonly ManifestLayer[]; readonly show: readonly string[] },
): Promise<Pick<FoundSecrets, "masked" | "shown"> & { readonly notes: readonly Note[] }> {
  if (workspace === undefined) return { masked: [], shown: [], notes: [] };
  const [{ findSecrets }, { detectSecrets }, { createGuardHost }] = await Promise.all([
    import("../../sandbox/workspace/secrets/find-secrets.ts"),
    import("../../sandbox/workspace/secrets/detect-secrets.ts"),
    import("../../sandbox/workspace/node-guard-host.ts"),
  ]);
  const wishes = wishedSecrets(layers);
  const files = createGuardHost(programsOutside(environment.PATH ?? "", workspace));
  const named = show.map((path) => withinWorkspace(cwd, workspace, path));
  const all = { hide: wishes.hide, show: [...wishes.show, ...named], named };
  const found = await findSecrets({ files, detect: detectSecrets }, workspace, all);
  const notes = found.notes.map((text): Note => ({ level: "warning", code: "secrets", text: `secrets: ${text}` }));
  return { masked: found.masked, shown: found.shown, notes };
}

/** A path as the person typed it, from the folder that they are in; a bare name or pattern stands as it is. */
function withinWorkspace(cwd: string, workspace: string, path: string): string {
  if (!path.includes("/")) return path;
  const within = relative(workspace, isAbsolute(path) ? path : resolve(cwd, path));
  return within.startsWith("..") ? path : `/${within}`;
}

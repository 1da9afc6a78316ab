import { type ManifestLayer, placeOf } from "./manifest-layer.ts";

/** Who the agent's commits are by, as far as the layers say it, field by field, and where each is said. */
export function resolveGitUser(layers: readonly ManifestLayer[]): {
  readonly user: { readonly name?: string; readonly email?: string };
  readonly sources: Readonly<Record<string, string>>;
} {
  const user: { name?: string; email?: string } = {};
  const sources: Record<string, string> = {};
  for (const layer of layers) {
    for (const field of ["name", "email"] as const) {
      const value = layer.manifest.git?.user[field];
      if (value === undefined) continue;
      user[field] = value;
      sources[`git.user.${field}`] = placeOf(layer, ["git", "user", field]);
    }
  }
  return { user, sources };
}

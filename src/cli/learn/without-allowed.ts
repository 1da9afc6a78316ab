import { type KnownPreset, passes, type SeenRequest } from "../../policy/learn/learn-routes.ts";
import { compileRoutes } from "../../policy/match/compile-routes.ts";
import { parseManifest } from "../../policy/parse-manifest.ts";
import { hostRoute } from "../../policy/resolve-routes.ts";

/** The requests that a manifest's own routes do not let pass by now: learning twice adds nothing. Throws when it is no manifest. */
export function withoutAllowed(
  seen: readonly SeenRequest[],
  { text, file, presets }: { readonly text: string; readonly file: string; readonly presets: readonly KnownPreset[] },
): readonly SeenRequest[] {
  const parsed = parseManifest(text, file);
  const layer = { file, dir: "/", trust: "own", texts: {}, ...parsed } as const;
  const routes = compileRoutes(
    parsed.manifest.routes.flatMap((route) =>
      "host" in route
        ? [hostRoute(layer, route)]
        : presets.filter(({ name }) => name === route.preset).flatMap((preset) => preset.routes),
    ),
  );
  return seen.filter((request) => request.verdict !== "refuse" || !passes(routes, request));
}

import type { KnownPreset } from "../../policy/learn/learn-routes.ts";
import { clientsOfPresets, presets } from "../../policy/presets/presets.ts";
import type { CommandContext } from "../frame/command-context.ts";

/** Presets that allow reading alone; those of model APIs would inject a key, which is not to be learned. */
const readingPresets = ["npm", "pypi", "apt", "go", "github"];

/** What those presets allow on this machine. */
export async function knownPresets(
  { environment, folders }: Pick<CommandContext, "environment" | "folders">,
  workspace: string | undefined,
): Promise<readonly KnownPreset[]> {
  const [{ readPackageClients }, { openPackageClientHost }] = await Promise.all([
    import("../../host/package-client/read-package-clients.ts"),
    import("../../host/package-client/package-client-host.ts"),
  ]);
  const host = openPackageClientHost({ environment, home: folders.home, workspace });
  const clients = await readPackageClients(host, clientsOfPresets(readingPresets));
  return readingPresets.map((name) => ({
    name,
    routes: presets[name]?.({ clients, hostEnvironment: environment }).routes ?? [],
  }));
}

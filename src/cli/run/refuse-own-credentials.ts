import { realpathSync } from "node:fs";
import { keptFolder } from "../../host/credential/kept/kept-folder.ts";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";

/** Refuses to show an agent a folder that holds what Caisson keeps, or lies in it: sealed files, and maybe their key. */
export function refuseOwnCredentials(
  { environment, folders }: Pick<CommandContext, "environment" | "folders">,
  shown: readonly (string | undefined)[],
): void {
  const folder = realPath(keptFolder({ environment, home: folders.home }));
  if (folder === undefined) return; // Nothing is kept.
  for (const path of shown) {
    const dir = path === undefined ? undefined : realPath(path);
    if (dir !== undefined && (isWithin(folder, dir) || isWithin(dir, folder)))
      throw cliFailure("credentials_shown", { dir, folder });
  }
}

const isWithin = (path: string, dir: string): boolean => `${path}/`.startsWith(dir === "/" ? "/" : `${dir}/`);

function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

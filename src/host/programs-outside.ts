import { accessSync, constants, realpathSync } from "node:fs";
import { join } from "node:path";

/** The person's programs, looked for on PATH but never in a workspace. */
export interface ProgramsOutside {
  /** PATH without relative folders and without those of the workspace: for what the programs themselves start. */
  readonly path: string;
  /** Where a program lies (links resolved); undefined when it is nowhere, or in the workspace alone. */
  find(name: string): string | undefined;
  /** Like `find`, links as they are: some programs look at the name that they were called by. Takes absolute paths, too. */
  locate(nameOrPath: string): string | undefined;
}

/**
 * Programs that may be started outside a sandbox. `npm run` and direnv put a workspace's own folders first on PATH: what a
 * repository left there would run with all that the person may do.
 */
export function programsOutside(path: string, workspace: string | undefined): ProgramsOutside {
  const realWorkspace = workspace === undefined ? undefined : realPathOf(workspace);
  const isOutside = (place: string) => realWorkspace === undefined || !`${place}/`.startsWith(`${realWorkspace}/`);
  const folders = path.split(":").filter((folder) => folder.startsWith("/") && isOutside(realPathOf(folder) ?? folder));
  const locate = (name: string) => {
    const files = name.startsWith("/") ? [name] : folders.map((folder) => join(folder, name));
    return files.find((file) => {
      const real = realPathOf(file);
      return real !== undefined && isOutside(real) && isExecutable(real);
    });
  };
  const find = (name: string) => {
    const file = locate(name);
    return file === undefined ? undefined : realPathOf(file);
  };
  return { path: folders.join(":"), find, locate };
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

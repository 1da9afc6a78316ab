import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where this person's kept credentials lie: `$XDG_CONFIG_HOME/caisson/credentials`. */
export function keptFolder(host: {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}): string {
  const config = host.environment.XDG_CONFIG_HOME;
  return join(config?.startsWith("/") ? config : join(host.home, ".config"), "caisson", "credentials");
}

/** The file of one kept credential. */
export const keptFile = (folder: string, name: string): string => join(folder, `${name}.sealed`);

/** Whether a credential of this name is kept; nothing is opened. */
export const isKept = (folder: string, name: string): boolean => existsSync(keptFile(folder, name));

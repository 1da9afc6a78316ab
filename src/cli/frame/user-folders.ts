import type { UserFolders } from "./command-context.ts";

/** Where a person's Caisson files lie, by the XDG rules: a variable that is not an absolute path does not count. */
export function userFolders(
  environment: Readonly<Record<string, string | undefined>>,
  accountHome: string,
): UserFolders {
  const absolute = (value: string | undefined) =>
    value?.startsWith("/") ? value.replace(/(?<=.)\/+$/, "") : undefined;
  const home = absolute(environment.HOME) ?? accountHome;
  return {
    home,
    state: `${absolute(environment.XDG_STATE_HOME) ?? `${home}/.local/state`}/caisson`,
    config: `${absolute(environment.XDG_CONFIG_HOME) ?? `${home}/.config`}/caisson`,
  };
}

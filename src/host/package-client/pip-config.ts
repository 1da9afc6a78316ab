import { join } from "node:path";
import type { PackageClientHost } from "./package-client-host.ts";

type ConfigHost = Pick<PackageClientHost, "environment" | "home" | "workspace" | "readText">;

/** A value of pip's configuration, and where it is said. */
export interface PipValue {
  readonly values: readonly string[];
  readonly from: string;
  readonly trusted: boolean;
}

/** The strongest say on each of pip's options (`index-url`, ...): variables, then site, user and global files. */
export function readPipConfig(host: ConfigHost, option: string): readonly PipValue[] {
  const { environment } = host;
  const name = `PIP_${option.toUpperCase().replaceAll("-", "_")}`;
  const said = environment[name];
  const variable: readonly PipValue[] = said ? [{ values: splitWords(said), from: `env ${name}`, trusted: true }] : [];
  const files = configFiles(host).flatMap((path): readonly PipValue[] => {
    const text = host.readText(path);
    const values = text === undefined ? [] : optionOf(text, option);
    const trusted = host.workspace === undefined || !path.startsWith(`${host.workspace}/`);
    return values.length > 0 ? [{ values, from: path, trusted }] : [];
  });
  return [...variable, ...files];
}

function configFiles({ environment, home }: ConfigHost): readonly string[] {
  const named = environment.PIP_CONFIG_FILE;
  if (named === "/dev/null") return [];
  const site = environment.VIRTUAL_ENV ?? environment.CONDA_PREFIX;
  const folders = (environment.XDG_CONFIG_DIRS || "/etc/xdg").split(":").filter((dir) => dir !== "");
  return [
    ...(named ? [named] : []),
    ...(site ? [join(site, "pip.conf")] : []),
    join(environment.XDG_CONFIG_HOME || join(home, ".config"), "pip/pip.conf"),
    join(home, ".pip/pip.conf"),
    "/etc/pip.conf",
    ...folders.map((dir) => join(dir, "pip/pip.conf")),
  ];
}

/** Words of one option; `[install]` and `[download]` say more than `[global]`, and indented lines go on. */
function optionOf(text: string, option: string): readonly string[] {
  let section = "";
  let key = "";
  const found = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[([^\]]+)\]/.exec(line);
    const pair = /^([^\s#;=:[][^=:]*?)\s*[=:]\s*(.*)$/.exec(line);
    if (header) section = header[1] ?? "";
    if (header || /^\s*[#;]/.test(line)) continue;
    if (pair) key = `${section}.${(pair[1] ?? "").toLowerCase().replaceAll("_", "-")}`;
    const words = splitWords(pair ? (pair[2] ?? "") : line);
    if (pair) found.set(key, words);
    else found.get(key)?.push(...words);
  }
  return found.get(`install.${option}`) ?? found.get(`download.${option}`) ?? found.get(`global.${option}`) ?? [];
}

function splitWords(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

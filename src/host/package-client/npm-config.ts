import { dirname, join } from "node:path";
import type { PackageClientHost } from "./package-client-host.ts";

type ConfigHost = Pick<PackageClientHost, "environment" | "home" | "workspace" | "readText" | "findProgram">;

/** One place that npm reads, as keys and values. */
export interface NpmLayer {
  readonly from: string;
  readonly values: ReadonlyMap<string, string>;
}

/** What the person's own npm configuration says, strongest first, and what the workspace's `.npmrc` says. */
export interface NpmConfig {
  readonly own: readonly NpmLayer[];
  readonly workspace: readonly NpmLayer[];
}

/**
 * Reads npm's configuration where npm does: variables, then the user's file, then the global one. The project's file
 * (stronger, to npm) is kept apart: a repository wrote it.
 */
export function readNpmConfig(host: ConfigHost): NpmConfig {
  const project = host.workspace === undefined ? undefined : readLayer(host, join(host.workspace, ".npmrc"), false);
  const variables = withoutProjects(variablesLayer(host.environment), project, host.environment);
  const userFile = variables.values.get("userconfig") ?? join(host.home, ".npmrc");
  const user = readLayer(host, userFile, true);
  const globalFile =
    variables.values.get("globalconfig") ?? user?.values.get("globalconfig") ?? globalPath(host, [variables, user]);
  const global = globalFile === undefined ? undefined : readLayer(host, globalFile, true);
  const isOurs = (layer: NpmLayer) => host.workspace === undefined || !layer.from.startsWith(`${host.workspace}/`);
  const layers = [variables, user, global].filter((layer) => layer !== undefined);
  return {
    own: layers.filter(isOurs),
    workspace: [project, ...layers.filter((layer) => !isOurs(layer))].filter((layer) => layer !== undefined),
  };
}

/** The strongest layer's value of a key, and which layer that is. */
export function lookUp(
  layers: readonly NpmLayer[],
  key: string,
): { readonly value: string; readonly from: string } | undefined {
  for (const { from, values } of layers) {
    const value = values.get(key);
    if (value) return { value, from };
  }
  return undefined;
}

function variablesLayer(environment: ConfigHost["environment"]): NpmLayer {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) {
    const key = /^npm_config_(.+)$/i.exec(name)?.[1];
    if (key === undefined || !value) continue;
    values.set(key.startsWith("//") ? key : key.replace(/(?!^)_/g, "-").toLowerCase(), value);
  }
  return { from: "env npm_config_*", values };
}

// `npm run` hands a project's settings on as variables: then they are still the project's.
function withoutProjects(
  variables: NpmLayer,
  project: NpmLayer | undefined,
  environment: ConfigHost["environment"],
): NpmLayer {
  if (!project || !environment.npm_lifecycle_event) return variables;
  const kept = [...variables.values].filter(([key, value]) => project.values.get(key) !== value);
  return { ...variables, values: new Map(kept) };
}

function globalPath(host: ConfigHost, layers: readonly (NpmLayer | undefined)[]): string | undefined {
  const prefix = layers.map((layer) => layer?.values.get("prefix")).find((value) => value !== undefined);
  const node = prefix === undefined ? host.findProgram("node") : undefined;
  const root = prefix ?? (node === undefined ? undefined : dirname(dirname(node)));
  return root === undefined ? undefined : join(root, "etc/npmrc");
}

/** A file's `key = value` lines; a stranger's file gets no variable of ours put into its values. */
function readLayer(host: ConfigHost, path: string, trusted: boolean): NpmLayer | undefined {
  const text = host.readText(path);
  if (text === undefined) return undefined;
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^;#=[\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line);
    if (!match) continue;
    const [, key = "", raw = ""] = match;
    const value = unquote(raw);
    if (trusted) values.set(key, expandVariables(value, host.environment));
    else if (!value.includes("${")) values.set(key, value);
  }
  return { from: path, values };
}

function unquote(text: string): string {
  const quoted = /^"(.*)"$|^'(.*)'$/.exec(text);
  return quoted ? (quoted[1] ?? quoted[2] ?? "") : text.replace(/\s[;#].*$/, "");
}

function expandVariables(text: string, environment: ConfigHost["environment"]): string {
  return text.replace(
    /\$\{([^}?]+)(\?)?\}/g,
    (whole, name: string, optional) => environment[name] ?? (optional ? "" : whole),
  );
}

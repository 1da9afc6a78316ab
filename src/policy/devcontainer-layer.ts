import { Manifest } from "../spec/manifest.ts";
import { devcontainerKeys } from "./devcontainer-glance.ts";
import type { ManifestLayer } from "./manifest-layer.ts";
import { type ManifestProblem, manifestProblems } from "./manifest-problem.ts";
import type { Note } from "./note.ts";
import { reservedVariableReason } from "./reserved-variable.ts";

type Json = Readonly<Record<string, unknown>>;

/** A `devcontainer.json` as the reference implementation read it. */
export interface DevcontainerFile {
  /** As the person is told. */
  readonly file: string;
  /** Absolute folder that it lies in. */
  readonly dir: string;
  readonly config: Json;
}

// Of no matter to a sandbox: what it is called, and what editors do with it.
const idle = new Set(["$schema", "name", "customizations", "configFilePath", "remoteUser", "containerUser"]);
const honoured = new Set<string>(devcontainerKeys);

/**
 * What a `devcontainer.json` asks for, as the layer of a workspace: its image or Dockerfile, literal variables, forwarded ports, and
 * whatever stands in `customizations.caisson`. What of it is not honoured (features, mounts, its commands ...) is named in a note.
 */
export function devcontainerLayer({ file, dir, config }: DevcontainerFile): {
  readonly layer: ManifestLayer;
  readonly notes: readonly Note[];
} {
  const unheard = new Set(Object.keys(config).filter((key) => !idle.has(key) && !honoured.has(key)));
  const written = {
    ...imageOf(config, unheard),
    environment: variablesOf(config, unheard),
    ports: portsOf(config, unheard),
  };
  const { ours, notes } = ownKeys(config, file);
  const manifest = Manifest.parse({ ...written, ...ours });
  const text = `${file}: not honoured: ${[...unheard].join(", ")}`;
  return {
    layer: {
      ...{ file, dir, trust: "workspace", manifest, brokenAgents: {}, brokenSandboxes: {}, texts: {} },
      lineOf: () => 1,
    },
    notes: [
      ...notes,
      ...(unheard.size === 0 ? [] : [{ level: "info", code: "devcontainer_unheard", text } satisfies Note]),
    ],
  };
}

function imageOf(config: Json, unheard: Set<string>) {
  const build = isObject(config.build) ? config.build : {};
  for (const key of Object.keys(build)) if (key !== "dockerfile") unheard.add(`build.${key}`);
  const dockerfile = build.dockerfile ?? config.dockerFile;
  if (typeof dockerfile === "string" && dockerfile !== "") return { dockerfile };
  return typeof config.image === "string" && config.image !== "" ? { image: config.image } : {};
}

/** Those that are literals: what refers to the host's variables or the container's own is not filled in. */
function variablesOf(config: Json, unheard: Set<string>): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const part of ["containerEnv", "remoteEnv"] as const) {
    for (const [name, value] of Object.entries(isObject(config[part]) ? config[part] : {})) {
      const isLiteral = typeof value === "string" && value !== "" && !value.includes("${");
      const isName = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && reservedVariableReason(name) === undefined;
      if (isLiteral && isName) variables[name] = value;
      else unheard.add(`${part}.${name}`);
    }
  }
  return variables;
}

/** Forwarded as editors do it: to any free port here, so that two runs do not collide. */
function portsOf(config: Json, unheard: Set<string>): readonly string[] {
  const ports: unknown[] = Array.isArray(config.forwardPorts) ? config.forwardPorts : [];
  return ports.flatMap((port) => {
    if (Number.isInteger(port) && Number(port) > 0 && Number(port) <= 65_535) return [`0:${String(port)}`];
    unheard.add(`forwardPorts ${JSON.stringify(port)}`);
    return [];
  });
}

function ownKeys(config: Json, file: string): { readonly ours: object; readonly notes: readonly Note[] } {
  const ours = isObject(config.customizations) ? config.customizations.caisson : undefined;
  if (ours === undefined) return { ours: {}, notes: [] };
  const parsed = Manifest.safeParse(ours);
  if (parsed.success && isObject(ours)) return { ours, notes: [] };
  const [problem] = parsed.success ? [] : manifestProblems(parsed.error.issues, Manifest);
  const text = `ignored: ${file}: customizations.caisson: ${problemText(problem)}`;
  return { ours: {}, notes: [{ level: "warning", code: "manifest_ignored", text }] };
}

const problemText = (problem: ManifestProblem | undefined) =>
  problem === undefined
    ? "it is no manifest"
    : `${problem.text}${problem.near === undefined ? "" : ` (did you mean "${problem.near}"?)`}`;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

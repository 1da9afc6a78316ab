import type { Failure } from "../base/failure.ts";
import type { Manifest } from "../spec/manifest.ts";

/** The parts of a manifest's rules that are lists or maps. */
export type RuleKey =
  | "providers"
  | "routes"
  | "credentials"
  | "limits"
  | "environment"
  | "mounts"
  | "services"
  | "ports";

/** A manifest as it was found. The person's own counts whole; one in the workspace brings agents alone (invariant 8). */
export interface ManifestLayer {
  /** As the person is told, e.g. `./caisson.yaml`. */
  readonly file: string;
  /** Absolute folder that its relative paths start from. */
  readonly dir: string;
  readonly trust: "own" | "workspace";
  readonly manifest: Manifest;
  /** Agents whose own entry is wrong: each fails when it is used, the others still start. */
  readonly brokenAgents: Readonly<Record<string, Failure>>;
  /** Sandboxes whose own entry is wrong: what uses one fails, the rest still starts. */
  readonly brokenSandboxes: Readonly<Record<string, Failure>>;
  /** The line of a value, by its path. */
  readonly lineOf: (path: readonly (string | number)[]) => number;
  /** Texts of the files that it names (extraCaFile), by the path as written. */
  readonly texts: Readonly<Record<string, string>>;
  /** For the rules of a sandbox: which, and through whom it came, e.g. `sandbox base < web`. */
  readonly via?: string;
  /** For the rules of a sandbox: the lists and maps that it says are empty, which takes away what weaker layers say there. */
  readonly clears?: readonly RuleKey[];
}

/** Where a value of a layer is said, e.g. `caisson.yaml:12`, or `caisson.yaml:12, sandbox base < web` (web extends base). */
export function placeOf(layer: ManifestLayer, path: readonly (string | number)[]): string {
  return `${layer.file}:${layer.lineOf(path)}${layer.via === undefined ? "" : `, ${layer.via}`}`;
}

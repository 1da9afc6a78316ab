import { policyFailure } from "./errors.ts";
import { type ManifestLayer, placeOf } from "./manifest-layer.ts";

/** Engines that there are to choose from. */
export const engineNames = ["local", "docker"] as const;
export type EngineName = (typeof engineNames)[number];

/** What a person said about the engine, and where; undefined = it is for Caisson to choose. */
export interface EngineWish {
  readonly engine: EngineName;
  readonly from: string;
}

/** The engine that was asked for: manifests < CAISSON_ENGINE < flags. */
export function wishedEngine(given: {
  readonly layers: readonly ManifestLayer[];
  readonly variable: string | undefined;
  readonly flag: string | undefined;
  /** Flags that only the docker engine understands, as they were typed. */
  readonly dockerFlags: readonly string[];
}): EngineWish | undefined {
  const { layers, variable, flag, dockerFlags } = given;
  if (flag !== undefined) return { engine: named(flag, "--engine"), from: "--engine" };
  const [dockerFlag] = dockerFlags;
  if (dockerFlag !== undefined) return { engine: "docker", from: dockerFlag };
  if (variable) return { engine: named(variable, "CAISSON_ENGINE"), from: "CAISSON_ENGINE" };
  const layer = layers.findLast((l) => l.manifest.engine !== undefined);
  return layer?.manifest.engine && { engine: layer.manifest.engine, from: placeOf(layer, ["engine"]) };
}

function named(value: string, from: string): EngineName {
  const engine = engineNames.find((name) => name === value);
  if (!engine) throw policyFailure("engine_unknown", { engine: value, from });
  return engine;
}

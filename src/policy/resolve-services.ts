import { parseByteSize } from "../base/byte-size.ts";
import { parseDuration } from "../base/duration.ts";
import type { ManifestService } from "../spec/manifest.ts";
import type { Service } from "../spec/policy.ts";
import { policyFailure } from "./errors.ts";
import { type ManifestLayer, placeOf } from "./manifest-layer.ts";
import { secretShapeOf } from "./secret-shape.ts";

const ownNames = new Set(["agent", "gate", "localhost"]);
const leastMemory = 16 * 1024 ** 2;
const defaults = { interval: "1s", timeout: "3s", start: "0s", retries: 30 } as const;
/** Longest that a service may take to become healthy, however its check is written. */
const longestSeconds = 300;

/**
 * The services of the layers by name, a stronger layer's in the place of a weaker one's. Values of variables are literals: they
 * stand in the compose file and in `policy.json`, so one that looks like a secret is refused.
 */
export function resolveServices(layers: readonly ManifestLayer[]): {
  readonly services: readonly Service[];
  readonly sources: Readonly<Record<string, string>>;
} {
  const services = new Map<string, Service>();
  const sources: Record<string, string> = {};
  for (const layer of layers) {
    for (const [name, written] of Object.entries(layer.manifest.services)) {
      const from = placeOf(layer, ["services", name]);
      services.set(name, resolveService(name, written, from));
      sources[`service.${name}`] = from;
    }
  }
  return { services: [...services.values()], sources };
}

/** One service; fails with its place on a value that is none, and on a variable that looks like a secret. */
export function resolveService(name: string, written: ManifestService, from: string): Service {
  const fail = (problem: string) => policyFailure("service_invalid", { service: name, from, problem });
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) throw fail("its name is a host name: lower-case letters, digits and -");
  if (ownNames.has(name)) throw fail(`${name} is a name of the sandbox's own`);
  for (const [variable, value] of Object.entries(written.environment)) {
    const kind = secretShapeOf(value);
    if (kind !== undefined) throw fail(`variable ${variable} looks like ${kind}, and is written to files`);
  }
  const memory = written.memory;
  const memoryBytes = typeof memory === "string" ? parseByteSize(memory) : memory;
  if (memory !== undefined && (memoryBytes === undefined || memoryBytes < leastMemory))
    throw fail(`memory ${memory} is no size from 16m`);
  return {
    name,
    image: written.image,
    environment: written.environment,
    ...(written.command && { command: written.command }),
    ...(written.health && { health: resolveHealth(written.health, fail) }),
    ...(memoryBytes !== undefined && { memoryBytes }),
  };
}

function resolveHealth(health: NonNullable<ManifestService["health"]>, fail: (problem: string) => Error) {
  const seconds = (key: "interval" | "timeout" | "start", least: number) => {
    const text = health[key] ?? defaults[key];
    const value = parseDuration(text);
    if (value === undefined || value < least || value > longestSeconds)
      throw fail(`health.${key} ${text} is no duration from ${least} s to ${longestSeconds} s`);
    return value;
  };
  const { test } = health;
  return {
    test: typeof test === "string" ? ["CMD-SHELL", test] : ["CMD", ...test],
    intervalSeconds: seconds("interval", 0.1),
    timeoutSeconds: seconds("timeout", 0.1),
    startSeconds: seconds("start", 0),
    retries: health.retries ?? defaults.retries,
  };
}

/** The text without the addresses of services: `postgres://app:app@db/app` is no secret, nobody else can use it. */
export function withoutServiceAddresses(text: string, services: readonly string[]): string {
  return text.replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/@]*@([a-z0-9-]+)(?=[:/?\s]|$)/gi, (address, host) =>
    services.includes(String(host)) ? "" : address,
  );
}

import { parseByteSize } from "../base/byte-size.ts";
import { parseDuration } from "../base/duration.ts";
import { defaultLimits } from "../spec/default-limits.ts";
import type { Limits } from "../spec/policy.ts";
import { policyFailure } from "./errors.ts";

/** Limits as people write them, in a manifest, in CAISSON_* variables and as flags. */
export interface LimitsInput {
  readonly cpus?: number | string | undefined;
  readonly memory?: number | string | undefined;
  readonly processes?: number | string | undefined;
  readonly disk?: number | string | undefined;
  readonly timeout?: number | string | undefined;
  readonly idle?: number | string | undefined;
}

/** One place that says limits; `from` is what the person is told, e.g. `--cpus` or a manifest's path. */
export interface LimitsLayer {
  readonly from: string | ((limit: LimitName) => string);
  readonly limits: LimitsInput;
}

export type LimitName = keyof LimitsInput;

const megabyte = 1024 ** 2;
const rows = {
  cpus: { field: "cpus", parse: parseNumber, least: 0.05, most: 4096, range: "a number from 0.05" },
  memory: {
    field: "memoryBytes",
    parse: parseBytes,
    least: 64 * megabyte,
    most: 2 ** 50,
    range: "a size like 512m or 4g, at least 64m",
  },
  processes: { field: "processes", parse: parseNumber, least: 16, most: 4_194_304, range: "a whole number from 16" },
  disk: {
    field: "diskBytes",
    parse: parseBytes,
    least: 16 * megabyte,
    most: 2 ** 53 - 1,
    range: "a size like 10g, at least 16m",
  },
  timeout: {
    field: "timeoutSeconds",
    parse: parseSeconds,
    least: 1,
    most: 30 * 86_400,
    range: "a duration like 90s, 15m or 4h, from 1s to 30d",
  },
  idle: {
    field: "idleSeconds",
    parse: parseSeconds,
    least: 1,
    most: 30 * 86_400,
    range: "a duration like 10m or 2h, from 1s to 30d",
  },
} as const;
const names = Object.keys(rows) as readonly LimitName[];

/** CAISSON_CPUS, CAISSON_MEMORY, CAISSON_PROCESSES, CAISSON_DISK, CAISSON_TIMEOUT and CAISSON_IDLE, where they are set. */
export function limitsFromEnvironment(environment: Readonly<Record<string, string | undefined>>): LimitsLayer {
  const variable = (limit: LimitName) => `CAISSON_${limit.toUpperCase()}`;
  return {
    from: variable,
    limits: Object.fromEntries(names.map((limit) => [limit, environment[variable(limit)] || undefined])),
  };
}

/** Limits of the layers, weakest first; what no layer says has its default. A bad value fails with its place. */
export function resolveLimits(layers: readonly LimitsLayer[]): {
  readonly limits: Limits;
  readonly sources: Readonly<Record<string, string>>;
} {
  const limits: { -readonly [K in keyof Limits]: Limits[K] } = { ...defaultLimits };
  const sources: Record<string, string> = {};
  for (const limit of names) {
    sources[`limits.${limit}`] = "default";
    for (const layer of layers) {
      const value = layer.limits[limit];
      if (value === undefined) continue;
      const from = typeof layer.from === "string" ? layer.from : layer.from(limit);
      limits[rows[limit].field] = parseLimit(limit, value, from);
      sources[`limits.${limit}`] = from;
    }
  }
  return { limits, sources };
}

/** The value of one limit in its unit (bytes, seconds); fails with the place that said it. */
export function parseLimit(limit: LimitName, value: number | string, from: string): number {
  const row = rows[limit];
  const parsed = typeof value === "number" ? value : row.parse(value.trim());
  const isWhole = limit === "cpus" || limit === "timeout" || limit === "idle" || Number.isInteger(parsed);
  if (parsed === undefined || !isWhole || !(parsed >= row.least && parsed <= row.most)) {
    throw policyFailure("limit_invalid", { limit, value: String(value), from, problem: `use ${row.range}` });
  }
  return parsed;
}

/** Default of one limit, in its unit. */
export function defaultLimit(limit: LimitName): number {
  return defaultLimits[rows[limit].field];
}

function parseNumber(text: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
function parseBytes(text: string): number | undefined {
  return parseByteSize(text);
}
function parseSeconds(text: string): number | undefined {
  return parseDuration(text);
}

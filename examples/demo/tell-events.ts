import { RunEvent } from "../../src/spec/events.ts";

/** What a run's events say of it, for a person: label and text. */
export interface Told {
  readonly isCompleted: boolean;
  readonly refusals: number;
  readonly lines: readonly (readonly [label: string, text: string])[];
}

/** Reads a run's events, one JSON object a line, and says what happened. */
export function tellEvents(text: string): Told {
  const events = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => RunEvent.parse(JSON.parse(line)));
  const of = <N extends RunEvent["event"]>(name: N) =>
    events.filter((event): event is Extract<RunEvent, { event: N }> => event.event === name);
  const uses = of("usage_reported").map(({ usage }) => usage);
  const tokens = uses.reduce(
    (sum, use) => sum + use.inputTokens + use.outputTokens + use.cacheReadTokens + use.cacheWriteTokens,
    0,
  );
  const source = of("sandbox_launching")[0]?.model_source;
  const refused = of("request_refused");
  const [launched] = of("sandbox_launched");
  return {
    isCompleted: of("run_completed").some(({ end }) => end === "completed"),
    refusals: refused.length,
    lines: [
      ["ready in", `${((launched?.launch_ms ?? 0) / 1000).toFixed(2)} s`],
      ["tools", countNames(of("tool_started").map(({ tool }) => tool))],
      [
        "model",
        `${uses.length} requests, ${tokens.toLocaleString("en")} tokens${source === "replayed" ? ", replayed: no model was asked" : ""}`,
      ],
      ...refused.map((event) => ["refused", `${event.method} ${event.host}${event.path}: ${event.reason}`] as const),
    ],
  };
}

function countNames(names: readonly string[]): string {
  const counts = Map.groupBy(names, (name) => name);
  return [...counts].map(([name, uses]) => `${name} ×${uses.length}`).join(", ") || "none";
}

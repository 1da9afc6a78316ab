import type { RunEvent } from "../spec/events.ts";
import type { Output } from "./output/output.ts";

const megabyte = 1024 ** 2;

/** Tells a run to a person while it goes on, in the order and brevity of a few lines; adds up what the last line says. */
export interface RunView {
  show(event: RunEvent): void;
  /** What is worth telling at the end, from the events seen. */
  readonly totals: RunTotals;
}

/** What a run came to. */
export interface RunTotals {
  readonly requests: number;
  readonly tokens: number;
  readonly costUsd: number | undefined;
  readonly refused: number;
  readonly seconds: number;
}

/** Makes the view of one run. `quiet` leaves out what only matters to someone who watches an agent work. */
export function createRunView(output: Output, slug: string): RunView {
  const { style } = output;
  const told = new Set<string>();
  let requests = 0;
  let tokens = 0;
  let costUsd: number | undefined;
  let refused = 0;
  let seconds = 0;

  const show = (event: RunEvent): void => {
    if (output.json) {
      output.show(event, () => []);
    }
    switch (event.event) {
      case "sandbox_launched":
        return output.note(`  ready      ${(event.launch_ms / 1000).toFixed(2)} s · limits: ${limits(event.limits)}`);
      case "text_produced":
        return output.show(event, () => event.text.trimEnd().split("\n"));
      case "tool_started":
        return output.note(style.dim(`  ▸ ${event.tool}  ${oneLine(event.input)}`));
      case "tool_completed":
        return event.ok ? undefined : output.note(style.dim(`    failed: ${oneLine(event.output)}`));
      case "usage_reported":
        requests += 1;
        tokens += event.usage.inputTokens + event.usage.outputTokens + event.usage.cacheReadTokens + event.usage.cacheWriteTokens;
        if (event.costUsd !== undefined) costUsd = (costUsd ?? 0) + event.costUsd;
        return;
      case "request_refused": {
        refused += 1;
        const what = `${event.method} ${event.host}${event.port === 443 ? "" : `:${event.port}`}${event.path}`;
        // The same refusal again and again is one fact to a person; the audit has each.
        if (told.has(`${event.rule} ${what}`)) return;
        told.add(`${event.rule} ${what}`);
        output.note(`  ${style.bad("✗ blocked")}  ${what}   ${event.reason}`);
        if (event.rule === "no-route") {
          output.note(style.dim(`             the agent was told; to allow it:  caisson policy allow ${slug} ${event.host} --once`));
        }
        return;
      }
      case "placeholder_sighted":
        return output.note(`  ${style.bad("! alarm")}    placeholder of ${event.credential} seen in ${event.where} to ${event.host}: ${event.action}`);
      case "limit_reached":
        return output.note(`  ${style.warn("! limit")}    ${event.limit}: ${event.detail}`);
      case "workspace_guarded":
        return output.note(style.dim(`  workspace  ${event.path}: ${event.action}${event.detail === "" ? "" : ` (${event.detail})`}`));
      case "replay_missed":
        return output.note(`  ${style.bad("✗ replay")}   ${event.route} ${event.model}: ${event.reason}`);
      case "policy_changed":
        return output.note(`  policy     allowed ${event.added.join(", ")}`);
      case "gate_lost":
        return output.note(`  ${style.bad("✗ gate")}     lost (${event.reason}): nothing leaves any more, the run is stopped`);
      case "error_reported":
        return output.note(`  ${style.bad("✗ error")}    ${event.message}`);
      case "run_completed":
        seconds = event.durationMs / 1000;
        return;
      default:
        return;
    }
  };
  return {
    show,
    get totals() {
      return { requests, tokens, costUsd, refused, seconds };
    },
  };
}

/** One line on what limits hold, shortest first where they share a mechanism. */
function limits(mechanisms: Readonly<Record<string, string>>): string {
  const byMechanism = Map.groupBy(Object.entries(mechanisms), ([, mechanism]) => mechanism);
  return [...byMechanism].map(([mechanism, rows]) => `${rows.map(([limit]) => limit).join(", ")} by ${mechanism}`).join(" · ");
}

function oneLine(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length > 120 ? `${flat.slice(0, 117)}...` : flat;
}

/** `4 GB`, `512 MB`. */
export function byteText(bytes: number): string {
  return bytes >= 1024 * megabyte ? `${Math.round((bytes / 1024 / megabyte) * 10) / 10} GB` : `${Math.round(bytes / megabyte)} MB`;
}

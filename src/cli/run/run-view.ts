import type { RunEvent } from "../../spec/events.ts";
import { byteText } from "../output/byte-text.ts";
import type { Output, Style } from "../output/output.ts";

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
  /** Different requests that no route allowed: `caisson policy learn` knows what to do. */
  readonly lacked: number;
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
  let lacked = 0;
  let seconds = 0;

  // The answer that a schema was asked for is the last line on standard output, once.
  let isCommand = false;
  let lastText: string | undefined;
  const isSaid = (text: string) => isCommand || lastText === text.trim();
  const keepSaid = (event: RunEvent): void => {
    if (event.event === "run_started") isCommand = event.provider === "command";
    if (event.event === "text_produced") lastText = event.text.trim();
  };

  const addUp = (event: RunEvent): void => {
    if (event.event === "usage_reported") {
      const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = event.usage;
      requests += 1;
      tokens += inputTokens + outputTokens + cacheReadTokens + cacheWriteTokens;
      if (event.costUsd !== undefined) costUsd = (costUsd ?? 0) + event.costUsd;
    }
    if (event.event === "request_refused") refused += 1;
    if (event.event === "run_completed") seconds = event.durationMs / 1000;
  };
  const show = (event: RunEvent): void => {
    addUp(event);
    if (output.json) output.show(event, () => []);
    else if (event.event === "text_produced") output.show(event, () => event.text.trimEnd().split("\n"));
    else if (event.event === "result_reported" && event.output !== undefined && !isSaid(event.text))
      output.show(event, () => [JSON.stringify(event.output)]);
    else for (const line of tell(event, slug, style)) output.note(line);
    keepSaid(event);
  };
  // The same refusal again and again is one fact to a person; the audit has each.
  const showOnce = (event: RunEvent): void => {
    if (event.event !== "request_refused" || output.json) {
      show(event);
      return;
    }
    const key = `${event.rule} ${event.method} ${event.host}:${event.port}${event.path}`;
    if (told.has(key)) addUp(event);
    else {
      show(event);
      if (event.rule === "no-route") lacked += 1;
    }
    told.add(key);
  };
  return {
    show: showOnce,
    get totals() {
      return { requests, tokens, costUsd, refused, lacked, seconds };
    },
  };
}

/** What a person is told of an event: no line for most, two for a refusal that they can lift. */
function tell(event: RunEvent, slug: string, style: Style): readonly string[] {
  switch (event.event) {
    case "sandbox_launched":
      return [`  ready      ${(event.launch_ms / 1000).toFixed(2)} s · limits: ${limits(event.limits)}`];
    case "port_opened":
      return [portLine(event)];
    case "tool_started":
      return [style.dim(`  ▸ ${event.tool}  ${oneLine(event.input)}`)];
    case "tool_completed":
      return event.ok ? [] : [style.dim(`    failed: ${oneLine(event.output)}`)];
    case "request_refused": {
      const what = `${event.method} ${event.host}${event.port === 443 ? "" : `:${event.port}`}${event.path}`;
      const line = `  ${style.bad("✗ blocked")}  ${what}   ${event.reason}`;
      const how = `             the agent was told; to allow it:  caisson policy allow ${slug} ${event.host} --once`;
      return event.rule === "no-route" ? [line, style.dim(how)] : [line];
    }
    case "placeholder_sighted":
      return [
        `  ${style.bad("! alarm")}    placeholder of ${event.credential} in ${event.where} to ${event.host}: ${event.action}`,
      ];
    case "credential_failed":
      return [
        `  ${style.warn("! sign-in")}  ${event.credential}: ${event.message}`,
        ...(event.hint === "" ? [] : [`             hint: ${event.hint}`]),
      ];
    case "limit_reached":
      return [`  ${style.warn("! limit")}    ${event.limit}: ${event.detail}`];
    case "workspace_copying":
      return [style.dim(`  copying    ${event.files} files · ${byteText(event.bytes)} so far`)];
    case "workspace_copied":
      return [style.dim(`  copied     ${event.files} files · ${byteText(event.bytes)}`)];
    case "workspace_guarded":
      // What was only noticed is told by its detail.
      if (event.action === "noticed" && event.detail !== "")
        return [style.dim(`  workspace  ${event.path}: ${event.detail}`)];
      return [
        style.dim(`  workspace  ${event.path}: ${event.action}${event.detail === "" ? "" : ` (${event.detail})`}`),
      ];
    case "replay_missed":
      return [`  ${style.bad("✗ replay")}   ${event.route} ${event.model}: ${event.reason}`];
    case "policy_changed":
      return [`  policy     allowed ${event.added.join(", ")}`];
    case "gate_lost":
      return [`  ${style.bad("✗ gate")}     lost (${event.reason}): nothing leaves any more, the run is stopped`];
    case "sandbox_lost":
      return [`  ${style.bad("✗ sandbox")}  lost (${event.reason}): the run is stopped`];
    case "error_reported":
      return [`  ${style.bad("✗ error")}    ${event.message}`];
    default:
      return [];
  }
}

/** Where a published port is. */
export const portLine = ({ url, port }: { readonly url: string; readonly port: number }): string =>
  `  open       ${url} -> ${port} inside`;

/** One line on what limits hold, shortest first where they share a mechanism. */
function limits(mechanisms: Readonly<Record<string, string>>): string {
  const byMechanism = Map.groupBy(Object.entries(mechanisms), ([, mechanism]) => mechanism);
  return [...byMechanism]
    .map(([mechanism, rows]) => {
      const names = rows.map(([limit]) => limit).join(", ");
      return mechanism === "not limited" ? `${names} not limited` : `${names} by ${mechanism}`;
    })
    .join(" · ");
}

function oneLine(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length > 120 ? `${flat.slice(0, 117)}...` : flat;
}

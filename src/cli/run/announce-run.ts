import { byteText } from "../output/byte-text.ts";
import type { Output } from "../output/output.ts";
import { gvisor } from "./choose-runtime.ts";
import type { RunPlan } from "./plan-run.ts";

/** Tells what was started: where it runs and with what, and the way out; then what the person should know. */
export function announceRun(output: Output, plan: RunPlan): void {
  for (const line of [...headLines(plan), ...secretLines(plan)]) output.note(line);
  for (const note of plan.notes) output.note(`  ${note.level === "warning" ? "! " : ""}${oneLine(note.text)}`);
}

/** A repository makes its names up: none of them writes lines that look like ours. */
const oneLine = (text: string): string => text.replace(/\s*[\r\n]+\s*/g, " ");

/** A name as a shell takes it for one word, and no more than that. */
const shellWord = (text: string): string =>
  /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** The two or three lines that stand for a plan. */
export function headLines({ request, cliVersion, engineWhy, runtimeWhy }: RunPlan): readonly string[] {
  const { metadata, policy } = request;
  const { limits, routes } = policy;
  const where = {
    mount: "workspace mounted (.git/hooks, .git/config guarded)",
    copy: "workspace copied (yours is not touched)",
    none: "no workspace",
  }[metadata.workspace.mode];
  const from =
    metadata.modelSource === "live"
      ? ""
      : metadata.modelSource === "recorded"
        ? " · model recorded"
        : " · model REPLAYED from a recording";
  const keyed = (host: string) => routes.some((route) => route.host === host && route.credential !== undefined);
  const hosts = [...new Set(routes.map((route) => route.host))];
  const isReplayed = (host: string) =>
    metadata.modelSource === "replayed" && routes.some((route) => route.host === host && route.model !== undefined);
  const said = (host: string) => {
    if (isReplayed(host)) return `${host} (answered from the recording, never asked)`;
    return keyed(host) ? `${host} (key injected, never inside)` : host;
  };
  const out = hosts.map(said);
  return [
    `  sandbox    ${metadata.slug}   ${metadata.engine}${engineWhy === undefined ? "" : ` (${engineWhy})`}${runtimeText(request.docker?.runtime, runtimeWhy)} · ${limits.cpus} cpu · ${byteText(limits.memoryBytes)} · ${where}`,
    `  agent      ${metadata.agent}${metadata.label === undefined ? "" : ` "${metadata.label}"`}${cliVersion === undefined ? "" : ` ${cliVersion}`}${metadata.model === undefined ? "" : ` · ${metadata.model}`}${from}`,
    `  out        ${out.length === 0 ? "nothing is allowed" : out.join(" · ")}`,
  ];
}

const maxNamed = 6;

/** One line on the secrets of the workspace: which are masked, and how one would be shown. */
export function secretLines({ request, shown }: Pick<RunPlan, "request" | "shown">): readonly string[] {
  const { masked = [] } = request.metadata;
  const named = (paths: readonly string[]) =>
    [...paths.slice(0, maxNamed), ...(paths.length > maxNamed ? [`${paths.length - maxNamed} more`] : [])].join(", ");
  const first = masked[0]?.path ?? "";
  const count = `${masked.length} ${masked.length === 1 ? "secret" : "secrets"} of the workspace`;
  return [
    ...(masked.length === 0
      ? []
      : [
          oneLine(
            `  masked     ${named(masked.map(({ path }) => path))} (${count}; to show one: --show ${shellWord(first)})`,
          ),
        ]),
    ...(shown.length === 0
      ? []
      : [oneLine(`  shown      ${named(shown)} (looks like a secret, and you said to show it)`)]),
  ];
}

/** What runs the container, where that is not the engine's own choice or is less than it could be. */
function runtimeText(runtime: string | undefined, why: string | undefined): string {
  if (runtime === undefined) return why === undefined ? "" : ` · ${why}`;
  return ` · under ${runtime}${runtime === gvisor ? " (gVisor)" : ""}`;
}

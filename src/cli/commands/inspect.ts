import { readFileSync } from "node:fs";
import { readBootId } from "../../host/process-identity.ts";
import { findSandbox } from "../../run/list-sandboxes.ts";
import { portUrl } from "../../run/port-url.ts";
import { readEvents } from "../../run/read-events.ts";
import { readJournal } from "../../sandbox/read-journal.ts";
import { statePaths } from "../../sandbox/state-paths.ts";
import { readBaseline } from "../../sandbox/workspace/copy/baseline.ts";
import { copyPaths } from "../../sandbox/workspace/copy/copy-paths.ts";
import type { RunEvent } from "../../spec/events.ts";
import { Policy } from "../../spec/policy.ts";
import { defineCommand } from "../frame/command.ts";
import { alignColumns } from "../output/align-columns.ts";
import { byteText } from "../output/byte-text.ts";
import { durationText } from "../output/duration-text.ts";
import { routeText } from "../output/route-text.ts";
import { modelSourceText, sandboxStateText, workspaceText } from "../output/sandbox-text.ts";

/** `caisson inspect`. */
export const inspectCommand = defineCommand({
  arguments: [{ name: "<slug>", summary: "the sandbox: its slug, the beginning of it, or its label" }],
  options: {},
  examples: [{ line: "caisson inspect brisk-otter", does: "who, what, when, which routes, which limits, which files" }],
  exits: { 3: "no such sandbox" },
  run: async ({ output, folders }, { arguments: [name = ""] }) => {
    const sandbox = findSandbox(folders.state, name);
    const { metadata, ...truth } = sandbox;
    const paths = statePaths(folders.state, metadata.slug);
    const policy = readPolicy(paths.policy);
    const events = readEvents(paths.events);
    const limits = events.find((event) => event.event === "sandbox_launched")?.limits ?? {};
    const totals = addUp(events);
    const steps = readJournal(paths.journal).map(({ ts, step, phase }) => ({ ts, step, phase }));
    const files = { state: paths.dir, log: paths.log, events: paths.events, audit: paths.audit, policy: paths.policy };
    const baseline = readBaseline(paths.dir);
    const copy = baseline && { dir: copyPaths(paths.dir).tree, files: baseline.files, bytes: baseline.bytes };
    output.show(
      { ...metadata, ...truth, ...(copy && { copy }), policy, limitMechanisms: limits, totals, steps, files },
      () => {
        const state = sandboxStateText(sandbox, new Date(), readBootId());
        const source = modelSourceText(metadata);
        const rows: string[][] = [
          ["sandbox", metadata.slug + (metadata.label === undefined ? "" : ` (${metadata.label})`)],
          ["state", state],
          ["agent", `${metadata.agent}${metadata.model === undefined ? "" : ` · ${metadata.model}`}`],
          ...(source === "" ? [] : [["model", source]]),
          ["engine", metadata.engine + (metadata.docker_host === undefined ? "" : ` at ${metadata.docker_host}`)],
          ...(metadata.image === undefined ? [] : [["image", metadata.image]]),
          ...(metadata.engine === "local"
            ? []
            : [
                [
                  "containers",
                  `${metadata.compose_project}-{agent,gate}-1   docker compose -p ${metadata.compose_project} ps`,
                ],
              ]),
          ["workspace", `${workspaceText(metadata, folders.home)} (${metadata.workspace.mode})`],
          ...(copy === undefined ? [] : [["copy", `${copy.dir}   ${byteText(copy.bytes)} when it was made`]]),
          ...(metadata.masked ?? []).map(({ path, why }, index) => [index === 0 ? "masked" : "", `${path} (${why})`]),
          ["started", metadata.startedAt],
          ...(metadata.endedAt === undefined ? [] : [["ended", metadata.endedAt]]),
          ...(policy?.routes ?? []).map((route, index) => [index === 0 ? "out" : "", routeText(route)]),
          ...(metadata.ports ?? []).map((port) => ["open", `${portUrl(port)} -> ${port.port} inside`]),
          ...(policy === undefined ? [] : [["limits", limitsText(policy, limits)]]),
          ["requests", `${totals.modelRequests} to the model · ${totals.tokens} tokens · ${totals.refused} refused`],
          ["files", paths.dir],
        ];
        return alignColumns(rows.map((row) => [`  ${row[0] ?? ""}`, row[1] ?? ""]));
      },
    );
    return 0;
  },
});

function readPolicy(file: string): Policy | undefined {
  try {
    return Policy.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    // A launch that was cut off before it was written.
    return undefined;
  }
}

function addUp(events: readonly RunEvent[]) {
  const usages = events.filter((event) => event.event === "usage_reported").map(({ usage }) => usage);
  const tokens = usages.reduce(
    (sum, usage) => sum + usage.inputTokens + usage.outputTokens + usage.cacheReadTokens + usage.cacheWriteTokens,
    0,
  );
  const count = (name: RunEvent["event"]) => events.filter((event) => event.event === name).length;
  return { modelRequests: usages.length, tokens, refused: count("request_refused") };
}

function limitsText({ limits }: Policy, mechanisms: Readonly<Record<string, string>>): string {
  const by = (limit: string) => (mechanisms[limit] === undefined ? "" : ` (${mechanisms[limit]})`);
  return [
    `${limits.cpus} cpu${by("cpu")}`,
    `${byteText(limits.memoryBytes)} memory${by("memory")}`,
    `${limits.processes} processes${by("processes")}`,
    `${byteText(limits.diskBytes)} disk${by("disk")}`,
    `${durationText(limits.timeoutSeconds)}${by("time")}`,
  ].join(" · ");
}

import { followLines } from "../../host/follow-lines.ts";
import { findSandbox, inspectSandbox } from "../../run/list-sandboxes.ts";
import { statePaths } from "../../sandbox/state-paths.ts";
import { Decision } from "../../spec/gate-protocol.ts";
import { AuditLine } from "../../spec/state-files.ts";
import { defineCommand } from "../frame/command.ts";
import { flag } from "../frame/option.ts";
import { byteText } from "../output/byte-text.ts";
import type { Style } from "../output/output.ts";

/** `caisson audit`. */
export const auditCommand = defineCommand({
  arguments: [{ name: "<slug>", summary: "the sandbox: its slug, the beginning of it, or its label" }],
  options: {
    refused: flag("--refused", "only what was refused, redacted or alarmed"),
    follow: flag("-f, --follow", "go on until the run ends"),
  },
  examples: [
    { line: "caisson audit brisk-otter", does: "every decision of the gate: what, where to, by which rule" },
    { line: "caisson audit --refused --json brisk-otter", does: "what was not let out, as JSON lines" },
  ],
  exits: { 3: "no such sandbox" },
  notes: [
    "No line holds a secret, a body, a header's value or a query. `caisson verify` checks that none was changed.",
  ],
  run: async (context, { arguments: [name = ""], options }) => {
    const { output, folders } = context;
    const { slug } = findSandbox(folders.state, name).metadata;
    const abort = new AbortController();
    using _interrupts = context.onInterrupt(() => abort.abort());
    const isOver = () => !options.follow || inspectSandbox(folders.state, slug)?.state !== "running";
    const file = statePaths(folders.state, slug).audit;
    for await (const text of followLines(file, { isOver, signal: abort.signal })) {
      const line = parseLine(text);
      if (line === undefined) {
        output.show({ unreadable: text }, () => [
          output.style.bad("a line that cannot be read: caisson verify says more"),
        ]);
        continue;
      }
      if (options.refused && line.decision.verdict === "allow") continue;
      output.show(line, () => [decisionText(line.decision, output.style)]);
    }
    return 0;
  },
});

function parseLine(text: string): { readonly n: number; readonly decision: Decision } | undefined {
  try {
    const { n, decision } = AuditLine.parse(JSON.parse(text));
    return { n, decision: Decision.parse(decision) };
  } catch {
    return undefined;
  }
}

const verdicts: Readonly<Record<Decision["verdict"], string>> = {
  allow: "allowed",
  refuse: "refused",
  alarm: "ALARM",
  redact: "redacted",
};

function decisionText(decision: Decision, style: Style): string {
  const { verdict, method, scheme, host, port, path, rule, reason, status, responseBytes, durationMs } = decision;
  const isUsualPort = port === (scheme === "https" ? 443 : 80);
  const paint = verdict === "allow" ? style.good : style.bad;
  return [
    decision.ts,
    paint(verdicts[verdict].padEnd(8)),
    `${method} ${scheme}://${host}${isUsualPort ? "" : `:${port}`}${path}`,
    `[${rule}]`,
    ...(verdict === "allow" ? [] : [reason]),
    ...(status === undefined ? [] : [`${status}`]),
    ...(responseBytes === undefined ? [] : [byteText(responseBytes)]),
    ...(durationMs === undefined ? [] : [`${Math.round(durationMs)} ms`]),
  ].join("  ");
}

import { join, resolve } from "node:path";
import { addRoutes, writtenRoute } from "../../policy/learn/add-routes.ts";
import { changedLines } from "../../policy/learn/changed-lines.ts";
import { type Lesson, learnRoutes, type SeenRequest } from "../../policy/learn/learn-routes.ts";
import { findSandbox } from "../../run/list-sandboxes.ts";
import { statePaths } from "../../sandbox/state-paths.ts";
import { Decision } from "../../spec/gate-protocol.ts";
import { AuditLine } from "../../spec/state-files.ts";
import { defineCommand } from "../frame/command.ts";
import { flag, text } from "../frame/option.ts";
import { knownPresets } from "../learn/known-presets.ts";
import { readTextOr, replaceText } from "../learn/replace-text.ts";
import { withoutAllowed } from "../learn/without-allowed.ts";
import type { Style } from "../output/output.ts";

/** `caisson policy learn`. */
export const policyLearnCommand = defineCommand({
  arguments: [{ name: "<slug>", summary: "the run: its slug, the beginning of it, or its label" }],
  options: {
    manifest: text("--manifest <file>", "the manifest to add to; by default your own"),
    write: flag("--write", "add it; without this it is only shown"),
  },
  examples: [
    { line: "caisson policy learn brisk-otter", does: "the routes that the run lacked, as a diff of your manifest" },
    { line: "caisson policy learn brisk-otter --manifest caisson.yaml --write", does: "adds them, comments stay" },
  ],
  exits: { 2: "the manifest is not well-formed, or cannot be written", 3: "no such sandbox" },
  notes: [
    "Learned is what no route allowed: host, port, methods, paths. Never a wildcard host, an address, or a host that a placeholder was sent to.",
  ],
  run: async (context, { arguments: [name = ""], options }) => {
    const { output, folders, cwd } = context;
    const { metadata } = findSandbox(folders.state, name);
    const file = options.manifest === undefined ? join(folders.config, "caisson.yaml") : resolve(cwd, options.manifest);
    const before = readTextOr(file, "");
    const presets = await knownPresets(context, metadata.workspace.dir);
    const decisions = readDecisions(statePaths(folders.state, metadata.slug).audit);
    const lesson = learnRoutes(withoutAllowed(decisions, { text: before, file, presets }), { presets });
    const comment = `learned from ${metadata.slug} (${metadata.agent}), ${metadata.startedAt.slice(0, 10)}`;
    const now = addRoutes(before, { file, comment, ...lesson });
    const isWritten = options.write && now !== before;
    if (isWritten) replaceText(file, now, metadata.workspace.dir);
    const { routes, left } = lesson;
    const told = {
      slug: metadata.slug,
      manifest: file,
      routes: routes.map(writtenRoute),
      presets: lesson.presets,
      learned: lesson.learned.length,
      left: left.map(({ request: { method, scheme, host, port, path }, why }) => ({
        method,
        scheme,
        host,
        port,
        path,
        why,
      })),
      diff: changedLines(before, now),
      written: isWritten,
    };
    output.show(told, () => tell(output.style, lesson, { file, diff: told.diff }));
    if (told.diff.length > 0)
      output.note(isWritten ? `written to ${file}` : `to add it: ${commandFor(metadata.slug, options.manifest)}`);
    return 0;
  },
});

const commandFor = (slug: string, manifest: string | undefined): string =>
  `caisson policy learn ${slug}${manifest === undefined ? "" : ` --manifest ${manifest}`} --write`;

function tell(
  style: Style,
  { learned, left }: Lesson,
  { file, diff }: { file: string; diff: readonly string[] },
): readonly string[] {
  const leftLines = left.map(({ request: { method, scheme, host, path }, why }) =>
    style.dim(`not learned  ${method} ${scheme}://${host}${path}   ${why}`),
  );
  if (diff.length === 0) return ["nothing was refused for want of a route", ...leftLines];
  const signed = diff.map((line) =>
    line.startsWith("+") ? style.good(line) : line.startsWith("-") ? style.bad(line) : line,
  );
  return [`--- ${file}`, `+++ ${file}   ${learned.length} refused requests would pass`, ...signed, ...leftLines];
}

/** Decisions of the gate, in their order; a line that cannot be read is none (`caisson verify` tells). */
function readDecisions(file: string): readonly SeenRequest[] {
  return readTextOr(file, "")
    .split("\n")
    .flatMap((line) => {
      try {
        return [Decision.parse(AuditLine.parse(JSON.parse(line)).decision)];
      } catch {
        return [];
      }
    });
}

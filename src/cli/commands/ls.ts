import { readBootId } from "../../host/process-identity.ts";
import { listSandboxes } from "../../run/list-sandboxes.ts";
import { portUrl } from "../../run/port-url.ts";
import { defineCommand } from "../frame/command.ts";
import { flag } from "../frame/option.ts";
import { alignColumns } from "../output/align-columns.ts";
import { modelSourceText, sandboxStateText, workspaceText } from "../output/sandbox-text.ts";

/** `caisson ls`. */
export const lsCommand = defineCommand({
  arguments: [],
  options: { all: flag("-a, --all", "also those that ended by themselves") },
  examples: [
    { line: "caisson ls", does: "lists what runs, and what was interrupted" },
    { line: "caisson ls --all --json", does: "every sandbox that is kept, one JSON object a line" },
  ],
  exits: {},
  notes: [
    "Each row is looked at anew: a keeper that was killed, or a machine that lost power, shows as interrupted whatever was written last.",
  ],
  run: async ({ output, folders }, { options }) => {
    const sandboxes = listSandboxes(folders.state);
    const shown = sandboxes.filter((sandbox) => options.all || sandbox.state !== "ended" || sandbox.unsettled);
    if (output.json) {
      for (const { metadata, ...truth } of shown) output.show({ ...metadata, ...truth }, () => []);
      return 0;
    }
    const bootId = readBootId();
    const lines = alignColumns(
      shown.map((sandbox) => {
        const { metadata } = sandbox;
        const open = sandbox.state === "running" ? (metadata.ports ?? []).map(portUrl) : [];
        const again =
          sandbox.state === "interrupted" && metadata.resumable ? `resume: caisson resume ${metadata.slug}` : "";
        const extra = [metadata.label ?? "", modelSourceText(metadata), ...open, again]
          .filter((text) => text !== "")
          .join(" · ");
        const state = sandboxStateText(sandbox, new Date(), bootId);
        return [metadata.slug, metadata.agent, metadata.engine, state, workspaceText(metadata, folders.home), extra];
      }),
    );
    shown.forEach(({ metadata: { slug, label, color } }, index) => {
      // After the columns are made: what colours is no width.
      const named = [slug, ...(label === undefined ? [] : [label])];
      const paint = (line: string, name: string) => line.replace(name, () => output.style.mark(color, name));
      output.show({}, () => [`  ${named.reduce(paint, lines[index] ?? "").trimEnd()}`]);
    });
    const hidden = sandboxes.length - shown.length;
    if (shown.length === 0)
      output.note(hidden === 0 ? "no sandbox" : `nothing runs (${hidden} ended: caisson ls --all)`);
    return 0;
  },
});

import { defineCommand } from "../frame/command.ts";
import { text } from "../frame/option.ts";
import { listAgents } from "../list-agents.ts";
import { alignColumns } from "../output/align-columns.ts";

/** `caisson agents ls`. */
export const agentsLsCommand = defineCommand({
  arguments: [],
  options: { manifest: text("--manifest <file>", "your own manifest, trusted") },
  examples: [
    { line: "caisson agents ls", does: "lists what caisson run takes as AGENT, with CLI versions and credentials" },
  ],
  exits: {},
  notes: [
    "Credentials are shown by the name of their variable, never by value. Any command runs without an agent: caisson run -- COMMAND...",
  ],
  run: async (context, { options }) => {
    const { output } = context;
    const agents = await listAgents(context, options);
    if (output.json) {
      for (const agent of agents) output.show(agent, () => []);
      return 0;
    }
    const lines = alignColumns(
      agents.map(({ name, cli, credentials, lacks, from, summary }) => {
        const set = credentials.filter(({ isSet }) => isSet).map(({ variable }) => variable);
        const kept = credentials.filter((one) => one.isKept).map((one) => one.name);
        const state = lacks.length === 0 ? "ready" : "not ready";
        const facts = [
          cli?.version ?? cli?.binary,
          set.length === 0 ? undefined : `${set.join(", ")} ${set.length === 1 ? "is" : "are"} set`,
          kept.length === 0 ? undefined : `${kept.join(", ")} ${kept.length === 1 ? "is" : "are"} kept`,
          summary,
        ];
        return [name, state, facts.filter((fact) => fact).join(" · "), from === "provider" ? "" : from];
      }),
    );
    agents.forEach(({ lacks }, index) => {
      output.show({}, () => [
        `  ${(lines[index] ?? "").trimEnd()}`,
        ...lacks.flatMap(({ problem, hint }) => [`      ${problem}`, ...(hint === "" ? [] : [`      hint: ${hint}`])]),
      ]);
    });
    return 0;
  },
});

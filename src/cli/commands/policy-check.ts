import { defineCommand } from "../frame/command.ts";

/** `caisson policy check`. */
export const policyCheckCommand = defineCommand({
  arguments: [
    {
      name: "[file]",
      summary: "a manifest, or the file of one agent or sandbox; by default all that count in this folder",
    },
  ],
  options: {},
  examples: [
    { line: "caisson policy check", does: "checks ./caisson.yaml, .caisson/ and your own files" },
    { line: "caisson policy check caisson.yaml --json", does: "one file, every problem with file, line and hint" },
  ],
  exits: { 2: "it is not well-formed, or is not there: every problem, with file, line and what was likely meant" },
  run: async (context, { arguments: [name] }) => {
    const { output } = context;
    const { checkManifests } = await import("../check-manifests.ts");
    const { files, counts, problems } = await checkManifests(context, name);
    const head = { ...(name !== undefined && { file: name }), files, ok: problems.length === 0, ...counts };
    if (problems.length > 0) {
      const rows = problems.map(({ failure: { code, message, hint }, file, line, column }) => {
        return { file, line, ...(column !== undefined && { column }), code, message, hint };
      });
      output.show({ ...head, problems: rows }, () => []);
      if (!output.json) for (const { failure } of problems) output.fail(failure);
      const several = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
      output.note(`${output.style.bad(several)} in ${files.join(", ")}`);
      return 2;
    }
    const { agents, sandboxes, routes, credentials } = counts;
    output.show(head, () => [
      `${output.style.good("well-formed")}: ${agents} agents, ${sandboxes} sandboxes, ${routes} routes, ${credentials} credentials`,
    ]);
    return 0;
  },
});

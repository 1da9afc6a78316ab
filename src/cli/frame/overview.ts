import type { CommandRow } from "../command-table.ts";

const headings: Readonly<Record<CommandRow["group"], string>> = {
  run: "Run an agent, sealed",
  look: "Look",
  end: "End",
  "set up": "Set up",
};

/** The text of `caisson --help`, or of one group of commands. */
export function renderOverview(table: readonly CommandRow[], group: string | undefined): readonly string[] {
  const rows = group === undefined ? table : table.filter((row) => row.name.startsWith(`${group} `));
  const width = Math.max(...rows.map((row) => row.name.length)) + 2;
  const sections = Object.entries(headings).flatMap(([key, heading]) => {
    const lines = rows.filter((row) => row.group === key).map((row) => `  ${row.name.padEnd(width)}${row.summary}`);
    return lines.length === 0 ? [] : ["", heading, ...lines];
  });
  return [
    `Usage: caisson ${group === undefined ? "COMMAND" : `${group} COMMAND`} [options]`,
    ...sections,
    "",
    "Each command has --help, with an example, and --json.",
    ...(group === undefined ? ["First steps: caisson doctor, then: caisson run -- COMMAND..."] : []),
  ];
}

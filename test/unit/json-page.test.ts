import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { commandTable } from "../../src/cli/command-table.ts";

it("docs/json.md says what every command prints with --json", () => {
  const page = readFileSync(resolve(import.meta.dirname, "../../docs/json.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([a-z ]+)` \|/gm)].map(([, name]) => name);
  expect(rows.sort()).toEqual(commandTable.map(({ name }) => name).sort());
});

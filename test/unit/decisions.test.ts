import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

const folder = resolve(import.meta.dirname, "../../docs/adr");
const files = readdirSync(folder);

it("no two decisions have one number", () => {
  const numbers = files.map((file) => file.slice(0, 4));
  expect(numbers.filter((number, index) => numbers.indexOf(number) !== index)).toEqual([]);
});

it.each(files)("%s says its own number in its first line", (file) => {
  const [, number] = /^# (?:ADR )?0*(\d+)/.exec(readFileSync(join(folder, file), "utf8")) ?? [];
  expect(Number(number)).toBe(Number(file.slice(0, 4)));
});

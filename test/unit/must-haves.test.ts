import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

// What the requirements name as must-haves of a sandbox and its gate, and where each is tried on both engines: a suite of
// test/suites has a test of that name, and a file of test/e2e and one of test/docker hand it their engine.
const project = resolve(import.meta.dirname, "../..");
const required = [...Array.from({ length: 12 }, (_, n) => n + 1), 17, 18, 19, 20, 22, 23, 24, 32, 33];

const read = (folder: string) =>
  readdirSync(join(project, folder))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => ({ name, text: readFileSync(join(project, folder, name), "utf8") }));

const suites = read("test/suites").map(({ name, text }) => ({
  name,
  numbers: numbersIn(
    [...text.matchAll(/^\s*(?:it|it\.each\([\s\S]*?\))\(\s*"must-have ([\d, ]+):/gm)].map(([, list = ""]) => list),
  ),
  describes: /export (?:const|function) (describe\w+)/.exec(text)?.[1] ?? "",
}));
const callers = { local: read("test/e2e"), docker: read("test/docker") };

function numbersIn(lists: readonly string[]): ReadonlySet<number> {
  return new Set(lists.flatMap((list) => list.split(",").map(Number)));
}

/** The suites that an engine's tests call with that engine. */
function suitesOf(engine: keyof typeof callers) {
  const hands = { local: /Local(TestE|E)ngine|localTestEngine/, docker: /dockerTestEngine\(inject/ }[engine];
  return suites.filter(({ describes }) =>
    callers[engine].some(({ text }) => hands.test(text) && new RegExp(`^\\s*${describes}\\(`, "m").test(text)),
  );
}

describe.each(["local", "docker"] as const)("on the %s engine", (engine) => {
  it.each(required)("must-have %i is tried by a test of that name", (number) => {
    expect(
      suitesOf(engine)
        .filter(({ numbers }) => numbers.has(number))
        .map(({ name }) => name),
    ).not.toEqual([]);
  });
});

it("docs/requirements.md names, for each must-have, the suites that try it", () => {
  const text = readFileSync(join(project, "docs/requirements.md"), "utf8");
  const rows = new Map(
    [...text.matchAll(/^\| (\d+) \|(.*)$/gm)].map(([, number, rest = ""]) => [Number(number), rest] as const),
  );
  for (const number of required) {
    const named = [...(rows.get(number) ?? "").matchAll(/`(\w+)`/g)].map(([, suite]) => `${suite}-suite.ts`);
    const tried = suites.filter(({ numbers }) => numbers.has(number)).map(({ name }) => name);
    expect(named.sort(), `row ${number}`).toEqual(tried.sort());
  }
});

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { addUp, countVitest, whatFailed } from "../run-all/count-results.ts";

const report = (...files: readonly (readonly [string, readonly string[]])[]) => ({
  testResults: files.map(([status, tests], file) => ({
    name: `${file}.test.ts`,
    status,
    assertionResults: tests.map((test, place) => ({ fullName: `test ${place}`, status: test })),
  })),
});

it("countVitest() counts tests, whatever a skipped one is called", () => {
  expect(
    countVitest(report(["passed", ["passed", "skipped", "pending", "todo"]], ["failed", ["failed", "passed"]])),
  ).toEqual({
    passed: 2,
    failed: 1,
    skipped: 3,
  });
});

it("countVitest() counts a file that could not be run, no tests, and no report as failed", () => {
  expect(countVitest(report(["failed", []], ["passed", ["passed"]]))).toEqual({ passed: 1, failed: 1, skipped: 0 });
  expect(countVitest(report())).toMatchObject({ failed: 1 });
  expect(countVitest(undefined)).toMatchObject({ failed: 1 });
});

it("whatFailed() names each test that did not pass, and a file that could not be run", () => {
  const names = whatFailed(report(["passed", ["passed"]], ["failed", []], ["failed", ["passed", "failed", "skipped"]]));
  expect(names).toEqual(["1.test.ts", "2.test.ts: test 1", "2.test.ts: test 2"]);
  expect(whatFailed(undefined)).toEqual([]);
});

it("addUp() adds up", () => {
  const one = { passed: 1, failed: 2, skipped: 3 };
  expect(addUp([one, one])).toEqual({ passed: 2, failed: 4, skipped: 6 });
});

it("the README's test line is the one that CI runs", () => {
  const read = (file: string) => readFileSync(resolve(import.meta.dirname, "../..", file), "utf8");
  const line = "npm ci && npm run setup && npm test";
  expect(read("README.md").split("\n")).toContain(line);
  expect(read(".ci/run").split("\n")).toContain(line);
});

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, it } from "vitest";
import { statePaths } from "../../src/sandbox/state-paths.ts";
import { createTestCli } from "../kit/cli.ts";
import { localTestEngine } from "../kit/test-engine.ts";
import { describeLeftovers } from "../suites/leftovers-suite.ts";

describeLeftovers(localTestEngine);

it.each([
  ["empty", ""],
  ["cut", '{"pid":1'],
])("a mark that is %s, for its keeper was killed as it wrote it, is gone after one cleanup", async (_how, written) => {
  await using cli = createTestCli();
  const { open, dir } = statePaths(cli.stateRoot, "brisk-otter-00000");
  mkdirSync(dirname(open), { recursive: true });
  mkdirSync(dir, { recursive: true });
  writeFileSync(open, written);
  expect(await cli.run(["cleanup"])).toMatchObject({ exitCode: 0 });
  expect([existsSync(open), existsSync(dir)]).toEqual([false, false]);
});

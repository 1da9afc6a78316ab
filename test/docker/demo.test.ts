import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, inject, it } from "vitest";
import { dockerTestEngine } from "../kit/test-engine.ts";

const demo = resolve(import.meta.dirname, "../../examples/demo/demo.ts");

it("npm run demo -- --engine docker lets a real agent mend a bug in its image, sealed, from a recording", async () => {
  await using cli = dockerTestEngine(inject("dockerEngine")).createCli();
  const { stdout, status } = spawnSync(process.execPath, [demo, "--engine", "docker"], {
    cwd: cli.workspace,
    env: { ...cli.environment, TMPDIR: cli.home },
    encoding: "utf8",
  });
  expect(stdout).toMatch(/^ {2}run {8}completed$/m);
  expect(stdout).toMatch(/^ {2}refused {4}POST reports\.example\/till: no route allows this host$/m);
  expect(stdout).toMatch(/^ {2}changed {4}src\/cart\.js \(\+1 -1\)$/m);
  expect(stdout).toMatch(/^ {2}tests {6}pass /m);
  expect(status).toBe(0);
});

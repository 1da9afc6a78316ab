import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createTestCli } from "../kit/cli.ts";

it("a flood on standard error fills no disk: the log keeps its share, and the person is told", async () => {
  await using cli = createTestCli();
  const flood = cli.start(["run", "--", "sh", "-c", "yes flood | head -c 12M >&2"]);
  const result = await flood.ended;
  expect(result.exitCode).toBe(0);
  expect(result.stderr.includes("output: the log keeps the last")).toBe(true);
  const [slug = ""] = readdirSync(join(cli.stateRoot, "sandboxes"));
  const folder = join(cli.stateRoot, "sandboxes", slug);
  const kept = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
  expect(kept.reduce((sum, size) => sum + size, 0)).toBeLessThan(65 * 1024 ** 2);
});

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openOutputLog } from "./output-log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "caisson-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const size = () => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

it("the log keeps no more than it may, the newest, and says once that older output is gone", () => {
  const dropped: string[] = [];
  const keptBytes = 64 * 1024;
  const log = openOutputLog(join(folder, "compose.log"), () => new Date(0), {
    keptBytes,
    dropped: () => dropped.push("told"),
  });
  const line = Buffer.from(`${"x".repeat(1000)}\n`);
  for (let n = 0; n < 40; n += 1) log.write("stderr", line);
  expect(dropped).toEqual([]);
  for (let n = 0; n < 1000; n += 1) log.write("stderr", line);
  log.line("stderr", "the end");
  log.close();
  expect(dropped).toEqual(["told"]);
  expect(size()).toBeLessThanOrEqual(keptBytes);
  expect(size()).toBeGreaterThan(keptBytes / 2);
  expect(readFileSync(join(folder, "compose.log"), "utf8")).toContain("the end");
});

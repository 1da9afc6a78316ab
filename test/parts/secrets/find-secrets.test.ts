import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { programsOutside } from "../../../src/host/programs-outside.ts";
import { createGuardHost } from "../../../src/sandbox/workspace/node-guard-host.ts";
import { detectSecrets } from "../../../src/sandbox/workspace/secrets/detect-secrets.ts";
import { findSecrets } from "../../../src/sandbox/workspace/secrets/find-secrets.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "caisson-secrets-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const find = () => {
  // Its clock stands still: on a busy machine the time for reading would be up before what is counted here is read.
  const files = { ...createGuardHost(programsOutside(process.env.PATH ?? "", dir)), now: () => 0 };
  return findSecrets({ files, detect: detectSecrets }, dir, { show: [], hide: [], named: [] });
};

describe("findSecrets(), in a repository that was made to hide something", () => {
  it("says so when there is more to judge than it judges", async () => {
    mkdirSync(join(dir, "a"));
    for (let n = 0; n < 450; n += 1) writeFileSync(join(dir, "a", `${n}.txt`), `see sk-${"notakey".repeat(4)}\n`);
    mkdirSync(join(dir, "b/c"), { recursive: true });
    writeFileSync(join(dir, "b/c/mine.ts"), `const token = "ghp_${"a1B2".repeat(9)}";\n`);
    const { masked, notes } = await find();
    expect(masked).toEqual([]);
    expect(notes.join("\n")).toMatch(/51 files .*not masked/);
  });

  it("masks what its name calls a secret also when it is too large to be read", async () => {
    writeFileSync(join(dir, "service-account.json"), `{"private_key":"x","pad":"${"a".repeat(600 * 1024)}"}`);
    expect((await find()).masked.map(({ path }) => path)).toEqual(["service-account.json"]);
  });
});

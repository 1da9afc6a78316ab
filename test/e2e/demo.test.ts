import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { createTestCli } from "../kit/cli.ts";

const demo = resolve(import.meta.dirname, "../../examples/demo/demo.ts");

describe("npm run demo", () => {
  it("lets a real agent mend a bug, sealed, from a recording, and says what happened", async () => {
    await using cli = createTestCli();
    const { stdout, status } = spawnSync(process.execPath, [demo], {
      cwd: cli.workspace,
      env: { ...cli.environment, TMPDIR: cli.home },
      encoding: "utf8",
    });
    expect(stdout).toMatch(/^ {2}run {8}completed$/m);
    expect(stdout).toMatch(/^ {2}model {6}6 requests, [\d,]+ tokens, replayed: no model was asked$/m);
    expect(stdout).toMatch(/^ {2}refused {4}POST reports\.example\/till: no route allows this host$/m);
    expect(stdout).toMatch(/^ {2}changed {4}src\/cart\.js \(\+1 -1\)$/m);
    expect(stdout).toMatch(/^ {2}tests {6}pass /m);
    expect(stdout).toMatch(/^ {2}audit {6}every decision/m);
    expect(status).toBe(0);
    const folder = /a copy of examples\/demo\/project in (\S+)/.exec(stdout)?.[1] ?? "";
    expect({ folder: folder.startsWith(cli.home), left: existsSync(folder) }).toEqual({ folder: true, left: false });
  });
});

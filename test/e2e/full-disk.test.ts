import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { createTestCli, type TestCli } from "../kit/cli.ts";
import { processesSaying } from "../kit/processes-saying.ts";

// To make a disk that is soon full takes root.
const itAsRoot = process.getuid?.() === 0 ? it : undefined;
const full = /Cannot write to Caisson's state folder .*: no space left on its disk/;

itAsRoot?.each([4, 12, 32, 128])(
  "a state folder with room for %s kB: the run says so, leaves nothing, and cleanup tells the truth",
  async (kilobytes) => {
    await using cli = createTestCli();
    using disk = smallDisk(cli, kilobytes);
    const run = await cli.run(["run", "--", "true"]);
    expect(run.exitCode).not.toBe(0);
    expect(run.stderr).toMatch(/no space left on its disk|its keeper, which has died, had made {3}\(caisson cleanup\)/);
    const cleanup = await cli.run(["cleanup"]);
    expect(cleanup.stderr + cleanup.stdout).not.toMatch(/bug/);
    expect(readdirSync(cli.workspace)).toEqual([]);
    expect(processesSaying(cli.stateRoot)).toEqual([]);

    disk.grow();
    expect(await cli.run(["cleanup"])).toMatchObject({ exitCode: 0 });
    const rows = (await cli.run(["ls", "--all", "--json"])).jsonLines();
    expect(rows.length).toBe(readdirSync(join(cli.stateRoot, "sandboxes")).length);
    for (const row of rows) expect(row).toMatchObject({ state: "interrupted", unsettled: false });
    expect(await cli.run(["run", "--", "true"])).toMatchObject({ exitCode: 0 });
  },
);

itAsRoot?.("a disk that is full in the middle of a run ends it, and the reason is told", async () => {
  await using cli = createTestCli();
  using disk = smallDisk(cli, 4096);
  const run = cli.start([
    "run",
    "--",
    "sh",
    "-c",
    "echo begun; until [ -e go ]; do sleep 0.1; done; seq 100000; sleep 600",
  ]);
  await run.seen("begun");
  disk.fill();
  writeFileSync(join(cli.workspace, "go"), "");
  const { stderr, exitCode } = await run.ended;
  expect(stderr).toMatch(full);
  expect(exitCode).toBe(4);
  disk.empty();
  expect(await cli.run(["cleanup"])).toMatchObject({ exitCode: 0 });
  expect(readdirSync(cli.workspace)).toEqual(["go"]);
  expect(processesSaying(cli.stateRoot)).toEqual([]);
});

itAsRoot?.("a workspace that cannot be written to is refused with the reason, and a copy of it is not", async () => {
  await using cli = createTestCli();
  using disk = mountSmall(cli.workspace, 64);
  writeFileSync(join(cli.workspace, "a"), "one\n");
  disk.remount("ro");
  const run = await cli.run(["run", "--json", "--", "cat", "a"]);
  expect(run.exitCode).toBe(4);
  const told = run.jsonLines().find((line) => "error" in line);
  const error = { code: "workspace_unwritable", hint: expect.stringContaining("--workspace copy") };
  expect(told).toMatchObject({ error });
  expect(run.stdout).toContain("its file system is read-only");
  const copied = await cli.run(["run", "--workspace", "copy", "--", "cat", "a"]);
  expect(copied).toMatchObject({ exitCode: 0, stdout: "one\n" });
});

it("a state folder that cannot be one is told with the reason, before anything was made", async () => {
  await using cli = createTestCli();
  writeFileSync(cli.stateRoot, "");
  const run = await cli.run(["run", "--json", "--", "true"]);
  expect(run).toMatchObject({ exitCode: 4 });
  expect(run.json()).toMatchObject({
    error: { code: "state_unusable", hint: expect.stringContaining("XDG_STATE_HOME") },
  });
  expect(readdirSync(cli.workspace)).toEqual([]);
  rmSync(cli.stateRoot);
});

/** A file system of its own for a user's state. */
function smallDisk(cli: TestCli, kilobytes: number) {
  const at = dirname(cli.stateRoot);
  const filler = join(at, "filler");
  const disk = mountSmall(at, kilobytes);
  return {
    grow: () => disk.remount("size=64m"),
    fill: () => expect(() => writeFileSync(filler, Buffer.alloc(2 * kilobytes * 1024))).toThrow(/ENOSPC/),
    empty: () => rmSync(filler),
    [Symbol.dispose]: disk[Symbol.dispose],
  };
}

function mountSmall(at: string, kilobytes: number) {
  const mount = (...args: readonly string[]) => execFileSync("mount", [...args, at]);
  mount("-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs");
  return {
    remount: (options: string) => void mount("-o", `remount,${options}`),
    [Symbol.dispose]: () => void execFileSync("umount", ["-l", at]),
  };
}

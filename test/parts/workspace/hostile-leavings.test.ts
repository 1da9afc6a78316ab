import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { git, guardHost, guardWorkspace, makeArea, makeRepository } from "./guard-kit.ts";

it("looks through a workspace in which an agent made a path too long to be named", async () => {
  using area = makeArea();
  makeRepository(area);
  const guarded = await guardWorkspace(area);
  const inside = guarded.run(`
    set -e
    git init -q planted && git -C planted config core.fsmonitor 'touch /tmp/planted'
    perl -e 'mkdir "deep"; chdir "deep"; for (1..60) { mkdir "d" x 100; chdir "d" x 100 }'
  `);
  expect(inside.code, inside.output).toBe(0);
  const report = await guarded.settle();
  expect(report.leftovers).toEqual([]);
  expect(readFileSync(join(area.workspace, "planted/.git/config"), "utf8")).not.toContain("fsmonitor");
  expect(existsSync(join(area.workspace, ".codex"))).toBe(false);
});

// Each key of a section is printed with the section's name: half a megabyte of name, a quarter of a million keys.
const bomb = (keys: number) => `[a "${"x".repeat(400_000)}"]\n${"k\n".repeat(keys)}`;

it("bounds what git prints of a configuration that an agent wrote", async () => {
  const answer = await guardHost.git(["config", "--file", "-", "--no-includes", "--list", "-z"], {
    input: Buffer.from(bomb(2_000)),
  });
  expect(answer.code).not.toBe(0);
  expect(answer.stdout.length).toBeLessThanOrEqual(256 * 1024 ** 2);
});

it("carries over nothing of a configuration that unfolds to gigabytes, and keeps the person's", async () => {
  using area = makeArea();
  makeRepository(area);
  git(area, area.workspace, "config", "pull.ff", "only");
  const guarded = await guardWorkspace(area);
  const inside = guarded.run(`perl -e 'print "[a \\"" . "x" x 400000 . "\\"]\\n" . "k\\n" x 300000' >.git/config`);
  expect(inside.code, inside.output).toBe(0);
  const report = await guarded.settle();
  expect(report.leftovers).toEqual([]);
  expect(report.notes.map(({ detail }) => detail)).toContain(
    "git cannot read what the agent left: nothing of it is carried over",
  );
  expect(git(area, area.workspace, "config", "pull.ff")).toBe("only");
});

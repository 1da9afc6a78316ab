import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSkill } from "../../../src/host/skill/read-skill.ts";

let folder: string;
let dir: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "caisson-skill-"));
  dir = join(folder, "repo/skills/review");
  mkdirSync(join(dir, "scripts"), { recursive: true });
  writeFileSync(join(dir, "SKILL.md"), "# Review\n");
  writeFileSync(join(dir, "scripts/run.sh"), "echo hi\n");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("readSkill()", () => {
  it("reads the whole folder, without .git", () => {
    mkdirSync(join(dir, ".git"));
    writeFileSync(join(dir, ".git/config"), "x");
    const { name, files } = readSkill({ dir, within: dir });
    expect(name).toBe("review");
    expect(files.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { path: "SKILL.md", text: "# Review\n" },
      { path: "scripts/run.sh", text: "echo hi\n" },
    ]);
  });

  it("follows links that stay inside, a linked skill folder of the person's too", () => {
    symlinkSync("scripts/run.sh", join(dir, "again.sh"));
    symlinkSync(dir, join(folder, "mine"));
    expect(readSkill({ dir: join(folder, "mine"), within: join(folder, "mine") }).files).toHaveLength(3);
  });

  it("refuses links that lead out, as file, as folder and as the skill itself", () => {
    writeFileSync(join(folder, "id_ed25519"), "secret");
    const within = join(folder, "repo");
    symlinkSync(join(folder, "id_ed25519"), join(dir, "notes.md"));
    expect(() => readSkill({ dir, within })).toThrow("notes.md of ");
    rmSync(join(dir, "notes.md"));
    symlinkSync("/", join(dir, "root"));
    expect(readSkill({ dir, within }).files.map((file) => file.path)).not.toContain("root");
    mkdirSync(join(folder, "outside"));
    writeFileSync(join(folder, "outside/SKILL.md"), "secret");
    symlinkSync(join(folder, "outside"), join(folder, "repo/linked"));
    expect(() => readSkill({ dir: join(folder, "repo/linked"), within })).toThrow("leads out of");
    expect(() => readSkill({ dir: join(folder, "outside"), within })).toThrow("leads out of");
  });

  it("fails on a missing skill, on what is not text and on what is too large", () => {
    expect(() => readSkill({ dir: join(folder, "nowhere"), within: folder })).toThrow("has no SKILL.md");
    writeFileSync(join(dir, "picture.png"), Buffer.from([0x89, 0xff, 0xfe]));
    expect(() => readSkill({ dir, within: dir })).toThrow("picture.png of ");
    writeFileSync(join(dir, "picture.png"), Buffer.alloc(5 * 1024 ** 2, 0x61));
    expect(() => readSkill({ dir, within: dir })).toThrow("is larger than");
  });
});

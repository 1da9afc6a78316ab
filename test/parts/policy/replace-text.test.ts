import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readTextOr, replaceText } from "../../../src/cli/learn/replace-text.ts";

let folder: string;
let workspace: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "caisson-replace-"));
  workspace = join(folder, "w");
  mkdirSync(workspace);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("replaceText(), in a folder that an agent writes to", () => {
  it("goes through no link out of it: to another manifest of the person's, or to where there is nothing yet", () => {
    writeFileSync(join(folder, "own.yaml"), "routes: []\n");
    symlinkSync("../own.yaml", join(workspace, "caisson.yaml"));
    symlinkSync("../new.yaml", join(workspace, "other.yaml"));
    symlinkSync("..", join(workspace, "sub"));
    for (const name of ["caisson.yaml", "other.yaml", "sub/own.yaml", "sub/more.yaml"])
      expect(() => replaceText(join(workspace, name), "x\n", workspace), name).toThrow("leads out of");
    expect(readFileSync(join(folder, "own.yaml"), "utf8")).toBe("routes: []\n");
    expect(existsSync(join(folder, "new.yaml")) || existsSync(join(folder, "more.yaml"))).toBe(false);
  });

  it("writes into no file that lies where its own waits", () => {
    writeFileSync(join(folder, "precious"), "mine\n");
    symlinkSync("../precious", join(workspace, `caisson.yaml.${process.pid}.tmp`));
    replaceText(join(workspace, "caisson.yaml"), "x\n", workspace);
    expect(readFileSync(join(folder, "precious"), "utf8")).toBe("mine\n");
    expect(readFileSync(join(workspace, "caisson.yaml"), "utf8")).toBe("x\n");
  });

  it("follows a link of the person's own elsewhere", () => {
    writeFileSync(join(folder, "dotfile.yaml"), "a\n");
    symlinkSync("dotfile.yaml", join(folder, "caisson.yaml"));
    replaceText(join(folder, "caisson.yaml"), "b\n", workspace);
    expect(readFileSync(join(folder, "dotfile.yaml"), "utf8")).toBe("b\n");
  });

  it("takes none for empty that is there and cannot be read", () => {
    expect(readTextOr(join(folder, "none"), "other")).toBe("other");
    expect(() => readTextOr(workspace, "other")).toThrow("EISDIR");
  });
});

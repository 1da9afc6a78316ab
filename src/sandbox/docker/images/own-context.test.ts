import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readOwnContext } from "./own-context.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "caisson-context-"));
  write("Dockerfile", "FROM scratch\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (path: string, text: string) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
};
const read = () => readOwnContext(join(folder, "Dockerfile"));

describe("readOwnContext()", () => {
  it("holds the folder but for what .dockerignore names, in docker's own rules", () => {
    write(".dockerignore", "*\n!src\nsrc/*.log\n");
    for (const path of ["a", "src/b", "src/c.log", "src/deep/d.log"]) write(path, path);
    expect([...read().files.keys()]).toEqual([".dockerignore", "Dockerfile", "src/b", "src/deep/d.log"]);
  });

  it("has the same digest while names, bytes, modes and links are the same, whatever the times", () => {
    write("a", "one");
    symlinkSync("a", join(folder, "link"));
    const first = read();
    expect(first.files.get("link")).toEqual({ link: "a" });
    utimesSync(join(folder, "a"), 1, 1);
    expect(read().digest).toBe(first.digest);
    const seen = new Set([first.digest]);
    const changes = [
      () => write("a", "two"),
      () => chmodSync(join(folder, "a"), 0o755),
      () => write("b", ""),
      () => rmSync(join(folder, "link")),
      () => write("Dockerfile", "FROM other\n"),
    ];
    for (const change of changes) {
      change();
      seen.add(read().digest);
    }
    expect(seen.size).toBe(1 + changes.length);
  });

  it("does not follow a link out of the folder", () => {
    symlinkSync("/etc", join(folder, "etc"));
    expect([...read().files.keys()]).toEqual(["Dockerfile", "etc"]);
  });

  it("refuses what is not there, and a folder that is too large, unread", () => {
    expect(() => readOwnContext(join(folder, "None"))).toThrow(expect.objectContaining({ code: "image_own_missing" }));
    write("huge", "");
    truncateSync(join(folder, "huge"), 200 * 1024 ** 3);
    expect(read).toThrow(expect.objectContaining({ code: "image_own_too_large" }));
  });
});

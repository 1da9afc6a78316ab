import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRefName, isStateFile, isTreePath } from "./state-files.ts";

const id = "0123456789abcdef0123456789abcdef01234567";
const is = (name: string, text: string) => isStateFile(name, Buffer.from(text));

describe("isStateFile()", () => {
  it.each([
    ["HEAD", "ref: refs/heads/feature/x\n"],
    ["HEAD", `${id}\n`],
    ["ORIG_HEAD", `${id}\n`],
    ["MERGE_HEAD", `${id}\n${id}\n`],
    ["shallow", `${id}\n${id}\n`],
    ["MERGE_MODE", "no-ff"],
    ["MERGE_MSG", "Merge branch 'x'\n\n# Conflicts:\n#\ta.txt\n"],
    ["FETCH_HEAD", `${id}\t\tbranch 'main' of https://git.example.test/x\n${id}\tnot-for-merge\ttag 'v1' of .\n`],
    [
      "packed-refs",
      `# pack-refs with: peeled fully-peeled sorted \n${id} refs/heads/main\n${id} refs/tags/v1\n^${id}\n`,
    ],
  ])("takes %s %j", (name, text) => expect(is(name, text)).toBe(true));

  it.each([
    ["HEAD", "ref: ../../etc/passwd\n"],
    ["HEAD", "ref: refs/heads/../../../x\n"],
    ["HEAD", "ref: refs/heads/x\nref: refs/heads/y\n"],
    ["HEAD", "junk"],
    ["HEAD", ""],
    ["ORIG_HEAD", "ref: refs/heads/x\n"],
    ["CHERRY_PICK_HEAD", "root:x:0:0\n"],
    ["MERGE_MODE", "exec"],
    ["MERGE_MSG", "a\0b"],
    ["FETCH_HEAD", "root:x:0:0:\n"],
    ["packed-refs", `${id} ../../x\n`],
    ["packed-refs", `${id} refs/heads/x.lock\n`],
    ["packed-refs", `${id} refs/heads/a b\n`],
    ["packed-refs", "-----BEGIN OPENSSH PRIVATE KEY-----\n"],
  ])("refuses %s %j", (name, text) => expect(is(name, text)).toBe(false));
});

describe("isRefName()", () => {
  it("never lets a name lead out of refs", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "/", ".", "-", "~", "\n", " ", "lock", "@{", "\\") }),
        (tail) => {
          const name = `refs/${tail}`;
          if (!isRefName(name)) return;
          expect(new URL(name, "file:///root/").pathname).toBe(`/root/${name}`);
          expect(name).not.toMatch(/\n|\.lock$|\/$/);
        },
      ),
    );
  });
});

describe("isTreePath()", () => {
  it.each(["a.txt", "src/b.txt", ".gitignore", ".github/x", "a.git/x", "git~2/x", "ü/ñ"])("takes %j", (path) =>
    expect(isTreePath(path)).toBe(true),
  );
  it.each([
    "",
    "/etc/passwd",
    "../x",
    "a/../x",
    "a//b",
    "./a",
    ".git/hooks/x",
    "sub/.git/config",
    ".GIT/x",
    ".g\u200cit/x",
    "git~1/x",
    ".git /x",
    ".git./x",
    ".git::$INDEX_ALLOCATION/x",
  ])("refuses %j", (path) => expect(isTreePath(path)).toBe(false));
});

import { describe, expect, it } from "vitest";
import { unreadWords } from "./project-words.ts";

const claude = { words: { reads: ["CLAUDE.md", "AGENTS.md"], homeFile: ".x/WORDS.md" } } as const;
const codex = { words: { reads: ["AGENTS.md"], homeFile: ".x/WORDS.md" } } as const;
const unread = (provider: Parameters<typeof unreadWords>[0], found: Parameters<typeof unreadWords>[2]) =>
  unreadWords(provider, "/home/agent", found);

describe("unreadWords()", () => {
  it("gives what the CLI would not read, and nothing where it reads all", () => {
    expect(unread(claude, { "AGENTS.md": "a\n", "CLAUDE.md": "c\n" })).toEqual([
      { path: "/home/agent/.x/WORDS.md", text: "From this project's AGENTS.md:\n\na\n", mode: 0o644 },
    ]);
    expect(unread(codex, { "CLAUDE.md": "c" })).toMatchObject([{ text: "From this project's CLAUDE.md:\n\nc\n" }]);
    expect(unread({}, { "AGENTS.md": "a", "CLAUDE.md": "c" })).toEqual([]);
    expect(unread(claude, { "AGENTS.md": "a" })).toEqual([]);
    expect(unread(claude, {})).toEqual([]);
  });

  it("says nothing twice: not where one is the other, or takes it in", () => {
    expect(unread(claude, { "AGENTS.md": "a\n", "CLAUDE.md": "a" })).toEqual([]);
    expect(unread(claude, { "AGENTS.md": "a", "CLAUDE.md": "Read this:\n@AGENTS.md\n" })).toEqual([]);
  });
});

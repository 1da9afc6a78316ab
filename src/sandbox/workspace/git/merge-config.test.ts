import { describe, expect, it } from "vitest";
import type { ConfigEntry } from "./config-entry.ts";
import { mergeConfig } from "./merge-config.ts";

const entries = (lines: Readonly<Record<string, string>>): ConfigEntry[] =>
  Object.entries(lines).map(([key, value]) => ({ key, value }));
const merge = (
  seed: Record<string, string>,
  inside: Record<string, string>,
  host = seed,
  changed: readonly string[] = [],
) => mergeConfig(entries(seed), entries(inside), entries(host), (key) => changed.includes(key));

describe("mergeConfig()", () => {
  it("does nothing where nothing changed, or both changed alike", () => {
    expect(merge({ "pull.rebase": "true" }, { "pull.rebase": "true" }, {})).toEqual([]);
    expect(merge({}, { "pull.rebase": "true" }, { "pull.rebase": "true" })).toEqual([]);
  });

  it("adds a remote, and a branch that follows it", () => {
    const inside = {
      "remote.fork.url": "https://git.example.test/f.git",
      "remote.fork.fetch": "+refs/heads/*:refs/remotes/fork/*",
      "branch.x.remote": "fork",
      "branch.x.merge": "refs/heads/x",
    };
    expect(merge({}, inside).map((change) => "dropped" in change)).toEqual([false, false, false, false]);
  });

  it("drops a remote whole when its address is not let through, and what follows it", () => {
    const inside = {
      "remote.evil.url": "/tmp/evil.git",
      "remote.evil.fetch": "+refs/heads/*:refs/remotes/evil/*",
      "branch.x.remote": "evil",
    };
    expect(merge({}, inside).map((change) => "dropped" in change)).toEqual([true, true, true]);
  });

  it("never turns what the person had to something else", () => {
    const seed = {
      "user.email": "me@example.test",
      "remote.origin.url": "https://git.example.test/a.git",
      "branch.main.remote": "origin",
    };
    const changed = {
      "user.email": "x@example.test",
      "remote.origin.url": "https://evil.example.test/a.git",
      "branch.main.remote": ".",
    };
    expect(merge(seed, changed).map((change) => "dropped" in change)).toEqual([true, true, true]);
    expect(merge(seed, {}).map((change) => [change.key, "dropped" in change])).toEqual([
      ["user.email", true],
      ["remote.origin.url", true],
      ["branch.main.remote", false],
    ]);
  });

  it("leaves alone what the person changed meanwhile", () => {
    const [change] = merge({ "pull.ff": "only" }, { "pull.ff": "true" }, { "pull.ff": "false" }, ["pull.ff"]);
    expect(change).toMatchObject({ dropped: "it changed on the host too" });
  });
});

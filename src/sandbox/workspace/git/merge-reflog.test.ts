import { describe, expect, it } from "vitest";
import { isReflog, mergeReflogs } from "./merge-reflog.ts";

const line = (time: number, text: string) =>
  `${"0".repeat(40)} ${"1".repeat(40)} A <a@example.test> ${time} +0100\t${text}\n`;

describe("isReflog()", () => {
  it("takes what git writes and nothing else", () => {
    expect(isReflog(line(1, "commit: $(x) stays text"))).toBe(true);
    expect(isReflog("")).toBe(true);
    expect(isReflog("export PATH=/tmp\n")).toBe(false);
    expect(isReflog(line(1, "a\u001b[2Jb"))).toBe(false);
  });
});

describe("mergeReflogs()", () => {
  it("keeps the person's lines and puts the agent's among them by time", () => {
    const both = line(1, "base");
    expect(mergeReflogs(both + line(3, "agent"), both + line(2, "person") + line(4, "person"))).toBe(
      both + line(2, "person") + line(3, "agent") + line(4, "person"),
    );
  });
});

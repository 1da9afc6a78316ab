import { describe, expect, it } from "vitest";
import { gitConfigFile } from "./git-identity.ts";

describe("gitConfigFile()", () => {
  it("writes name and address, quoted, and nothing that has a line break", () => {
    expect(gitConfigFile("/home/agent", { name: 'A "B" \\ C', email: "a@b.example" })).toMatchObject({
      path: "/home/agent/.gitconfig",
      text: '[user]\n\tname = "A \\"B\\" \\\\ C"\n\temail = "a@b.example"\n',
    });
    expect(gitConfigFile("/h", { name: "x\n[core]\n\tpager = evil" }).text).toBe("");
    expect(gitConfigFile("/h", {}).text).toBe("");
  });
});

import { describe, expect, it } from "vitest";
import { runCommand } from "../commands/run.ts";
import { parseArguments } from "./parse-arguments.ts";

const parse = (...words: readonly string[]) => parseArguments("run", runCommand, words);

describe("parseArguments()", () => {
  it.each(["- do this", "-do this, please", "--- a heading\ntext", "- [ ] mend = test", "-\tx"])(
    "takes %j, which can be no option, for a prompt",
    (prompt) => {
      expect(parse("claude-code", prompt)).toMatchObject({ input: { arguments: ["claude-code", prompt] } });
      expect(parse("--label", prompt, "pi", "x")).toMatchObject({
        input: { arguments: ["pi", "x"], options: { label: prompt } },
      });
    },
  );

  it.each([["--label=a b"], ["--label", "a b"]])("still reads options whose value has spaces: %s %s", (...words) => {
    expect(parse(...words, "pi", "x")).toMatchObject({ input: { options: { label: "a b" } } });
  });

  it("keeps a lone dash, which is standard input", () => {
    expect(parse("pi", "-")).toMatchObject({ input: { arguments: ["pi", "-"] } });
  });

  it.each(["-fix-it", "--fix-it"])("says of %s, which could be an option, how a prompt like that is given", (word) => {
    expect(() => parse("pi", word)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("echo PROMPT | caisson run AGENT -") }),
    );
  });
});

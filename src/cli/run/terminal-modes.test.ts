import { describe, expect, it } from "vitest";
import { trackTerminalModes } from "./terminal-modes.ts";

const restoredAfter = (pieces: readonly string[], leftEarly = false) => {
  const modes = trackTerminalModes();
  for (const piece of pieces) modes.saw(Buffer.from(piece));
  return modes.restore(leftEarly);
};
const below = "\u001b[0m\r\n\u001b[J";

describe("trackTerminalModes()", () => {
  it("switches off what was left on: pasting, mouse, the other screen, keys, a hidden cursor", () => {
    expect(restoredAfter(["\u001b[?2004h\u001b[?1049;1003h\u001b[>1u\u001b[>4;2m\u001b[?25l"])).toBe(
      `\u001b[?2004l\u001b[?1049l\u001b[?1003l\u001b[<1u\u001b[>4m\u001b[?25h${below}`,
    );
  });

  it("says nothing where the program tidied up, also in pieces", () => {
    const text = "\u001b[?2004h\u001b[>1u\u001b[?25l text \u001b[?2004l\u001b[<u\u001b[?25h";
    for (let at = 0; at < text.length; at += 1) expect(restoredAfter([text.slice(0, at), text.slice(at)])).toBe("");
  });

  it("clears what lies below where somebody left", () => {
    expect(restoredAfter(["text"], true)).toBe(below);
  });
});

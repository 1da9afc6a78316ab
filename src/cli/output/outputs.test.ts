import { describe, expect, it } from "vitest";
import { cliFailure } from "../errors.ts";
import { createJsonOutput } from "./json-output.ts";
import type { Sink } from "./sink.ts";
import { createTextOutput } from "./text-output.ts";

const memorySink = (isTerminal: boolean): Sink & { readonly text: () => string } => {
  const parts: Buffer[] = [];
  return {
    isTerminal,
    write: (bytes) => void parts.push(Buffer.from(bytes)),
    flushed: async () => {},
    text: () => Buffer.concat(parts).toString(),
  };
};
const evil = "\u001b]52;c;eA==\u0007 \u009b2J \u202egnp";
const failure = cliFailure("unknown_command", { name: evil, suggestion: undefined });

describe("createTextOutput()", () => {
  it("makes visible what could drive a terminal, in answers, notes and failures, also into a file", () => {
    for (const isTerminal of [true, false]) {
      const [stdout, stderr] = [memorySink(isTerminal), memorySink(isTerminal)];
      const output = createTextOutput(stdout, stderr, { colours: isTerminal });
      output.show({}, () => [evil]);
      output.note(evil);
      output.fail(failure);
      expect(stdout.text()).toBe("␛]52;c;eA==␇ <9b>2J <202e>gnp\n");
      expect(stderr.text()).toContain('Unknown command "␛]52;c;eA==␇ <9b>2J <202e>gnp"\nhint: ');
    }
  });

  it("passes an agent's bytes on: unchanged into a file, with colours alone on a terminal", async () => {
    const bytes = Buffer.from("\u001b[31mred\u001b[0m\u001b[2J\r\n\u00ff");
    const file = memorySink(false);
    createTextOutput(file, memorySink(false), { colours: false }).pass("stdout", bytes);
    expect(file.text()).toBe(bytes.toString());
    const terminal = memorySink(true);
    const output = createTextOutput(terminal, memorySink(true), { colours: true });
    for (const byte of bytes) output.pass("stdout", Uint8Array.of(byte));
    await output.finish();
    expect(terminal.text()).toBe("\u001b[31mred\u001b[0m␛[2J\nÿ");
  });

  it("tells a bug with its stack, and where it was written", () => {
    const stderr = memorySink(false);
    createTextOutput(memorySink(false), stderr, { colours: false }).bug(new Error("oops"), "/x/bug.log");
    expect(stderr.text()).toMatch(/^bug in Caisson: Error: oops\n {4}at [\s\S]*\nwritten to \/x\/bug\.log\n$/);
  });
});

describe("createJsonOutput()", () => {
  it("prints JSON lines in which nothing drives a terminal, and no notes", () => {
    const stdout = memorySink(true);
    const output = createJsonOutput(stdout);
    output.show({ evil }, () => ["text"]);
    output.note("note");
    output.fail(failure);
    const [shown = "", failed = "", ...rest] = stdout.text().split("\n");
    expect(JSON.parse(shown)).toEqual({ evil });
    expect(JSON.parse(failed)).toMatchObject({ error: { code: "unknown_command", exit: 2, data: { name: evil } } });
    expect(rest).toEqual([""]);
    expect(stdout.text()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  it("keeps a character whole that comes in pieces", async () => {
    const stdout = memorySink(false);
    const output = createJsonOutput(stdout);
    for (const byte of Buffer.from("é")) output.pass("stdout", Uint8Array.of(byte));
    output.pass("stderr", Uint8Array.of(0xc3));
    await output.finish();
    expect(stdout.text()).toBe('{"stream":"stdout","text":"é"}\n{"stream":"stderr","text":"\ufffd"}\n');
  });
});

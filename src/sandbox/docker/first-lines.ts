import { PassThrough, type Readable } from "node:stream";

const newline = 10;
/** Longer than any line that is looked for. */
const longest = 64;

/** The beginning of a stream, looked at line by line. */
export interface FirstLines {
  /** Whether the first line is the first one looked for. */
  readonly first: Promise<boolean>;
  /** The lines that were found, in order; fewer than looked for when another one came or the stream ended. */
  readonly found: Promise<readonly string[]>;
  /** All that follows them. */
  readonly rest: Readable;
}

/** Takes the lines off a stream that match these patterns, one after the other; from the first that does not on, nothing. */
export function firstLines(source: Readable, patterns: readonly RegExp[]): FirstLines {
  const rest = new PassThrough();
  const lines: string[] = [];
  const first = Promise.withResolvers<boolean>();
  const found = Promise.withResolvers<readonly string[]>();
  let held = Buffer.alloc(0);
  let isDone = false;

  const finish = () => {
    if (isDone) return;
    isDone = true;
    first.resolve(lines.length > 0);
    found.resolve(lines);
    source.off("data", look);
    if (held.length > 0) rest.write(held);
    if (source.readableEnded || source.destroyed) rest.end();
    else source.pipe(rest);
  };
  const look = (bytes: Buffer) => {
    held = Buffer.concat([held, bytes]);
    for (;;) {
      const pattern = patterns[lines.length];
      if (pattern === undefined) return finish();
      const at = held.indexOf(newline);
      if (at < 0) {
        if (held.length > longest) finish();
        return;
      }
      const line = held.subarray(0, at + 1).toString("latin1");
      if (!pattern.test(line)) return finish();
      lines.push(line);
      held = held.subarray(at + 1);
      first.resolve(true);
    }
  };
  source.on("data", look);
  source.once("end", finish);
  source.once("close", () => {
    finish();
    rest.end();
  });
  return { first: first.promise, found: found.promise, rest };
}

import { closeSync, existsSync, fstatSync, openSync, renameSync, rmSync } from "node:fs";
import { writeWhole } from "../host/write-whole.ts";

/** The merged, time-stamped log of a run, on disk while it runs, rotated by size: never more than it may keep. */
export interface OutputLog {
  /** Adds bytes of one source; a line is written when it is complete, or cut at 8 KiB. */
  write(source: string, bytes: Uint8Array): void;
  line(source: string, text: string): void;
  close(): void;
}

const maxLine = 8192;
/** The log and its older parts. */
const parts = 4;

/** Opens `compose.log`. `dropped` is told once, when the oldest output goes to make room. Control characters but tab are shown as \\xNN, so that reading the log cannot drive a terminal. */
export function openOutputLog(
  path: string,
  now: () => Date,
  options: { readonly keptBytes: number; dropped(): void },
): OutputLog {
  const partBytes = Math.floor(options.keptBytes / parts);
  let hasDropped = false;
  let fd = openSync(path, "a", 0o600);
  let size = fstatSync(fd).size;
  const partial = new Map<string, string>();
  const decoders = new Map<string, TextDecoder>();

  // In one write what came in one piece: a flood of short lines would else keep us at nothing but writing.
  const put = (source: string, lines: readonly string[]) => {
    if (lines.length === 0) return;
    const head = `${now().toISOString()} ${source.padEnd(6)} | `;
    const bytes = Buffer.from(lines.map((line) => `${head}${clean(line)}\n`).join(""));
    if (size > 0 && size + bytes.length > partBytes) rotate();
    writeWhole(fd, bytes);
    size += bytes.length;
  };
  const rotate = () => {
    closeSync(fd);
    const oldest = `${path}.${parts - 1}`;
    const drops = existsSync(oldest);
    rmSync(oldest, { force: true });
    for (let n = parts - 2; n >= 1; n -= 1)
      if (existsSync(`${path}.${n}`)) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
    renameSync(path, `${path}.1`);
    fd = openSync(path, "a", 0o600);
    size = 0;
    if (!drops || hasDropped) return;
    hasDropped = true;
    options.dropped();
  };

  return {
    write(source, bytes) {
      const decoder = decoders.get(source) ?? new TextDecoder();
      decoders.set(source, decoder);
      const text = (partial.get(source) ?? "") + decoder.decode(bytes, { stream: true });
      const lines = text.split("\n");
      let rest = lines.pop() ?? "";
      for (; rest.length > maxLine; rest = rest.slice(maxLine)) lines.push(rest.slice(0, maxLine));
      put(source, lines);
      partial.set(source, rest);
    },
    line: (source, text) => put(source, [text]),
    close() {
      for (const [source, text] of partial) if (text !== "") put(source, [text]);
      partial.clear();
      closeSync(fd);
    },
  };
}

const clean = (text: string) =>
  text
    .replace(/\r$/, "")
    .replace(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
      (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );

import { closeSync, existsSync, fstatSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

/** The merged, time-stamped log of a run, on disk while it runs, rotated by size: at most `keep` files of `maxBytes`. */
export interface OutputLog {
  /** Adds bytes of one source; a line is written when it is complete, or cut at 8 KiB. */
  write(source: string, bytes: Uint8Array): void;
  line(source: string, text: string): void;
  close(): void;
}

const maxLine = 8192;

/** Opens `compose.log`. Control characters but tab are shown as \\xNN, so that reading the log cannot drive a terminal. */
export function openOutputLog(
  path: string,
  now: () => Date,
  options = { maxBytes: 16 * 1024 ** 2, keep: 4 },
): OutputLog {
  let fd = openSync(path, "a", 0o600);
  let size = fstatSync(fd).size;
  const partial = new Map<string, string>();
  const decoders = new Map<string, TextDecoder>();

  const put = (source: string, text: string) => {
    const bytes = Buffer.from(`${now().toISOString()} ${source.padEnd(6)} | ${clean(text)}\n`);
    if (size + bytes.length > options.maxBytes) rotate();
    writeSync(fd, bytes);
    size += bytes.length;
  };
  const rotate = () => {
    closeSync(fd);
    rmSync(`${path}.${options.keep - 1}`, { force: true });
    for (let n = options.keep - 2; n >= 1; n -= 1)
      if (existsSync(`${path}.${n}`)) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
    renameSync(path, `${path}.1`);
    fd = openSync(path, "a", 0o600);
    size = 0;
  };

  return {
    write(source, bytes) {
      const decoder = decoders.get(source) ?? new TextDecoder();
      decoders.set(source, decoder);
      const text = (partial.get(source) ?? "") + decoder.decode(bytes, { stream: true });
      const lines = text.split("\n");
      let rest = lines.pop() ?? "";
      for (const line of lines) put(source, line);
      for (; rest.length > maxLine; rest = rest.slice(maxLine)) put(source, rest.slice(0, maxLine));
      partial.set(source, rest);
    },
    line: put,
    close() {
      for (const [source, text] of partial) if (text !== "") put(source, text);
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

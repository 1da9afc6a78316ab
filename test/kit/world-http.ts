import type { Duplex } from "node:stream";

/** One request as a careless server understood it. */
export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
  readonly raw: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

interface Parsed {
  readonly request: SeenRequest;
  readonly used: number;
}

function parseHead(text: string): { head: string; bodyAt: number } | undefined {
  // Careless on purpose: a bare line feed ends a line, as with many real servers.
  const end = /\r?\n\r?\n/.exec(text);
  return end === null ? undefined : { head: text.slice(0, end.index), bodyAt: end.index + end[0].length };
}

function parseHeaders(lines: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return headers;
}

function readChunks(text: string, from: number): { body: string; end: number } | undefined {
  let at = from;
  let body = "";
  for (;;) {
    const line = /\r?\n/.exec(text.slice(at));
    if (line === null) return undefined;
    const size = Number.parseInt(text.slice(at, at + line.index), 16);
    at += line.index + line[0].length;
    if (!(size > 0)) {
      const close = /^\r?\n/.exec(text.slice(at));
      return { body, end: at + (close?.[0].length ?? 0) };
    }
    if (text.length < at + size) return undefined;
    body += text.slice(at, at + size);
    at += size;
    at += /^\r?\n/.exec(text.slice(at))?.[0].length ?? 0;
  }
}

/** Reads one request from the front of `text` the way a careless server does: `prefer` decides when both lengths are given. */
function parseCarelessly(text: string, prefer: "chunked" | "length"): Parsed | undefined {
  const lead = /^(\r?\n)*/.exec(text)?.[0].length ?? 0;
  const rest = text.slice(lead);
  const parts = parseHead(rest);
  if (parts === undefined) return undefined;
  const [line = "", ...lines] = parts.head.split(/\r?\n/);
  const [method = "", target = ""] = line.split(" ");
  const headers = parseHeaders(lines);
  const length = headers.get("content-length")?.at(-1);
  const chunked = (headers.get("transfer-encoding") ?? []).some((value) => /chunked/i.test(value));
  if (chunked && !(prefer === "length" && length !== undefined)) {
    const chunks = readChunks(rest, parts.bodyAt);
    if (chunks === undefined) return undefined;
    const request = { method, target, headers, body: chunks.body, raw: rest.slice(0, chunks.end) };
    return { request, used: lead + chunks.end };
  }
  const end = parts.bodyAt + (Number.parseInt(length ?? "0", 10) || 0);
  if (rest.length < end) return undefined;
  const request = { method, target, headers, body: rest.slice(parts.bodyAt, end), raw: rest.slice(0, end) };
  return { request, used: lead + end };
}

/** Serves a connection with a careless HTTP/1.1 parser of our own, so that a smuggled request is understood as one. */
export function serveCarelessly(
  stream: Duplex,
  prefer: "chunked" | "length",
  answer: (request: SeenRequest) => Answer,
): void {
  let text = "";
  stream.on("error", () => stream.destroy());
  stream.on("data", (bytes: Buffer) => {
    text += bytes.toString("latin1");
    for (let next = parseCarelessly(text, prefer); next !== undefined; next = parseCarelessly(text, prefer)) {
      text = text.slice(next.used);
      const { status, headers = {}, body } = answer(next.request);
      const length = status === 101 ? {} : { "content-length": String(Buffer.byteLength(body)) };
      const lines = Object.entries({ ...headers, ...length });
      stream.write(`HTTP/1.1 ${status} X\r\n${lines.map(([n, v]) => `${n}: ${v}\r\n`).join("")}\r\n`);
      const bytes = Buffer.from(body);
      // An echoed key comes in two pieces, a moment apart: what is looked for in an answer may be cut in two.
      const cut = bytes.indexOf("-real-");
      stream.write(cut < 0 ? bytes : bytes.subarray(0, cut));
      if (cut >= 0) setTimeout(() => stream.write(bytes.subarray(cut)), 30);
    }
  });
  stream.on("end", () => stream.end());
}

import type { HeaderField } from "./header-list.ts";

/** The head of a request as sent: well-formed, not yet understood. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly minor: 0 | 1;
  readonly headers: readonly HeaderField[];
}

/** The head of an answer as sent. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly minor: 0 | 1;
  readonly headers: readonly HeaderField[];
}

export type Malformed = { readonly malformed: string };

const requestLine = /^([A-Z][A-Z-]{0,30}) ([\x21-\x7e]+) HTTP\/1\.([01])$/;
const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const requestValue = /^[\t\x20-\x7e]*$/;
const responseValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Reads a request's head, given as latin1 text without its final empty line. Strict: what has two readings is refused. */
export function parseRequestHead(text: string, maxHeaders: number): RequestHead | Malformed {
  const end = text.indexOf("\r\n");
  const line = requestLine.exec(end < 0 ? text : text.slice(0, end));
  if (!line) return { malformed: "the request line is not METHOD TARGET HTTP/1.1" };
  const headers = parseFields(text, end, maxHeaders, requestValue);
  if ("malformed" in headers) return headers;
  return { method: line[1] ?? "", target: line[2] ?? "", minor: line[3] === "0" ? 0 : 1, headers };
}

/** Reads an answer's head, given as latin1 text without its final empty line. */
export function parseResponseHead(text: string, maxHeaders: number): ResponseHead | Malformed {
  const end = text.indexOf("\r\n");
  const line = statusLine.exec(end < 0 ? text : text.slice(0, end));
  if (!line) return { malformed: "the status line is not HTTP/1.1 STATUS REASON" };
  const headers = parseFields(text, end, maxHeaders, responseValue);
  if ("malformed" in headers) return headers;
  return { status: Number(line[2]), reason: line[3] ?? "", minor: line[1] === "0" ? 0 : 1, headers };
}

function parseFields(text: string, lineEnd: number, max: number, allowed: RegExp): HeaderField[] | Malformed {
  const headers: HeaderField[] = [];
  let at = lineEnd < 0 ? text.length : lineEnd + 2;
  while (at < text.length) {
    let end = text.indexOf("\r\n", at);
    if (end < 0) end = text.length;
    const colon = text.indexOf(":", at);
    if (colon < 0 || colon >= end) return { malformed: "a header line has no colon" };
    const raw = text.slice(at, colon);
    const name = lowerName(raw);
    // A folded line starts with a blank, and a blank before the colon hides a name: neither is a token.
    if (name === undefined) return { malformed: "a header name holds characters that no name may have" };
    let from = colon + 1;
    let to = end;
    while (from < to && isBlank(text.charCodeAt(from))) from++;
    while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
    const value = text.slice(from, to);
    if (!allowed.test(value)) return { malformed: `the header ${name} holds control or non-ASCII characters` };
    if (headers.push({ name, raw, value }) > max) return { malformed: "there are too many headers" };
    at = end + 2;
  }
  return headers;
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;

// The same few names come with every request. Bounded, because the agent may invent names.
const lowerNames = new Map<string, string>();

function lowerName(raw: string): string | undefined {
  const known = lowerNames.get(raw);
  if (known !== undefined) return known;
  if (!token.test(raw)) return undefined;
  const lower = raw.toLowerCase();
  if (lowerNames.size < 500 && raw.length < 64) lowerNames.set(raw, lower);
  return lower;
}

import { type HeaderField, valuesOf } from "./header-list.ts";
import type { Malformed, ResponseHead } from "./parse-head.ts";

/** Where a message's body ends. `close` = with the connection (answers only). */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "close" };

const none: Framing = { kind: "none" };
const chunked: Framing = { kind: "chunked" };

/** A request's framing. Any doubt (both headers, repeated ones, lists, other codings) is what smuggling is made of: refused. */
export function readRequestFraming(headers: readonly HeaderField[], minor: 0 | 1): Framing | Malformed {
  const lengths = valuesOf(headers, "content-length");
  const codings = valuesOf(headers, "transfer-encoding");
  if (codings.length > 0) {
    if (lengths.length > 0) return { malformed: "both content-length and transfer-encoding are given" };
    if (minor === 0) return { malformed: "HTTP/1.0 has no transfer-encoding" };
    if (codings.length > 1 || codings[0]?.toLowerCase() !== "chunked") {
      return { malformed: "the only transfer-encoding understood is chunked, once" };
    }
    return chunked;
  }
  if (lengths.length === 0) return none;
  if (lengths.length > 1) return { malformed: "content-length is given more than once" };
  return readLength(lengths[0] ?? "");
}

/** An answer's framing; `method` is that of its request. */
export function readResponseFraming(head: ResponseHead, method: string): Framing | Malformed {
  if (method === "HEAD" || head.status === 204 || head.status === 304 || head.status < 200) return none;
  const codings = valuesOf(head.headers, "transfer-encoding");
  const lengths = new Set(valuesOf(head.headers, "content-length"));
  if (codings.length > 0) {
    if (lengths.size > 0) return { malformed: "both content-length and transfer-encoding are given" };
    if (codings.length > 1 || codings[0]?.toLowerCase() !== "chunked" || head.minor === 0) {
      return { malformed: "the transfer-encoding is not chunked" };
    }
    return chunked;
  }
  if (lengths.size === 0) return { kind: "close" };
  if (lengths.size > 1) return { malformed: "content-length is given more than once" };
  return readLength([...lengths][0] ?? "");
}

function readLength(text: string): Framing | Malformed {
  if (!/^\d{1,15}$/.test(text)) return { malformed: "content-length is not a plain number" };
  const length = Number(text);
  return length === 0 ? none : { kind: "length", length };
}

import { type HeaderField, valuesOf } from "../http1/header-list.ts";
import type { Masker } from "../scan/masker.ts";

// The hop's own headers, the framing that we set ourselves, other ways to the host, and the name that marks our refusals.
const dropped = new Set([
  "alt-svc",
  "connection",
  "content-length",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-caisson-rule",
]);

/** The headers of an upstream's answer as the agent gets them, with echoed credentials blotted out. */
export function answerHeaders(headers: readonly HeaderField[], masker?: Masker): readonly HeaderField[] {
  const listed = valuesOf(headers, "connection").flatMap((value) => value.toLowerCase().split(","));
  const drop = listed.length > 0 ? new Set(listed.map((name) => name.trim())) : undefined;
  const kept = headers.filter(({ name }) => !dropped.has(name) && !drop?.has(name));
  return masker ? kept.map((field) => ({ ...field, value: masker.maskText(field.value) })) : kept;
}

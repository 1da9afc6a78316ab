import type * as z from "zod";
import type { PathMatch } from "../../spec/policy.ts";
import { readPath } from "./parse-target.ts";

/** Makes the test of one path rule for a reading of `parseTarget`; undefined when no path could ever match the rule. */
export function compilePath(rule: z.output<typeof PathMatch>): ((path: string) => boolean) | undefined {
  if ("exact" in rule) {
    const exact = normalise(rule.exact);
    return exact === undefined ? undefined : (path) => path === exact;
  }
  if ("prefix" in rule) {
    const prefix = normalise(rule.prefix);
    if (prefix === undefined) return undefined;
    if (prefix.endsWith("/")) return (path) => path.startsWith(prefix);
    return (path) => path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === "/");
  }
  const pattern = normalise(rule.pattern);
  if (pattern === undefined) return undefined;
  const segments = pattern.split("/").slice(1);
  return (path) => matchSequence(segments, path.split("/").slice(1), "**", matchSegment);
}

// A rule is read as a request's path is, so that `/a b` written by a person meets `/a%20b` sent by a client.
function normalise(text: string): string | undefined {
  const encoded = text.replace(/[^\x21-\x7e]/gu, (char) => encodeURIComponent(char));
  const read = readPath(encoded);
  return "malformed" in read ? undefined : read.readings[0];
}

const matchSegment = (pattern: string, segment: string): boolean => {
  if (pattern === "*") return segment !== "";
  if (!pattern.includes("*")) return pattern === segment;
  return matchSequence([...pattern], [...segment], "*", (a, b) => a === b);
};

// The classic wildcard walk with one point to come back to: never slower than pattern length x text length.
function matchSequence(
  pattern: readonly string[],
  text: readonly string[],
  wildcard: string,
  same: (pattern: string, item: string) => boolean,
): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let mark = 0;
  while (t < text.length) {
    const want = pattern[p];
    if (want === wildcard) {
      star = p++;
      mark = t;
    } else if (want !== undefined && same(want, text[t] ?? "")) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === wildcard) p++;
  return p === pattern.length;
}

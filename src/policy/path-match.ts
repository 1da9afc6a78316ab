import type { Route } from "../spec/policy.ts";

/** How a path is matched. */
export type PathMatch = Route["paths"][number];

/** How a path that a person typed is matched: with `*` as a pattern, else as a prefix of whole segments. */
export function pathMatchOf(path: string): Route["paths"][number] {
  return path.includes("*") ? { pattern: path } : { prefix: path };
}

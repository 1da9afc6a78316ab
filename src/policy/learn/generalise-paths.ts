import type { PathMatch } from "../path-match.ts";

/** More first names than this in one host's paths, and no list of paths stays readable: then the whole host is meant. */
const maxGroups = 20;
/** So many paths are told one by one. */
const maxExact = 3;

/**
 * The narrowest few rules that cover these paths and stand for what was meant by them: each by itself where they are few, a
 * pattern where they differ in one name alone, else the folders that they have in common. Undefined: every path.
 */
export function generalisePaths(paths: readonly string[]): readonly PathMatch[] | undefined {
  const all = [...new Set(paths)].sort();
  if (all.length <= maxExact) return all.map((exact) => ({ exact }));
  const groups = Map.groupBy(all, (path) => path.split("/")[1] ?? "");
  if (groups.size > maxGroups) return undefined;
  return [...groups.values()].map(cover);
}

function cover(paths: readonly string[]): PathMatch {
  const [first = "/"] = paths;
  if (paths.length === 1) return { exact: first };
  return oneNameApart(paths) ?? { prefix: commonFolder(paths) };
}

function oneNameApart(paths: readonly string[]): PathMatch | undefined {
  const split = paths.map((path) => path.split("/"));
  const [first = []] = split;
  if (paths.some((path) => path.includes("*")) || split.some(({ length }) => length !== first.length)) return undefined;
  const apart = first.map((name, index) => split.some((names) => names[index] !== name));
  const at = apart.indexOf(true);
  // An empty name is no name: `*` does not stand for it.
  if (apart.filter(Boolean).length !== 1 || split.some((names) => names[at] === "")) return undefined;
  return { pattern: first.map((name, index) => (index === at ? "*" : name)).join("/") };
}

function commonFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split("/"));
  let length = 0;
  while (length < first.length && others.every((names) => names[length] === first[length])) length += 1;
  return first.slice(0, length).join("/") || "/";
}

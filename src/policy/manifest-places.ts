import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type LineCounter,
  type Pair,
  type Scalar,
  type YAMLMap,
} from "yaml";

/** A place in a file, counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

type Path = readonly (string | number)[];

/** Where values and keys of a YAML document stand; a path that is not there has the place of its nearest parent. */
export function placesOf(document: Document.Parsed, lines: LineCounter) {
  const at = (node: unknown): Place | undefined => {
    if (!isNode(node) || !node.range) return undefined;
    const { line, col } = lines.linePos(node.range[0]);
    return { line, column: col };
  };
  const known: KnownPairs = new WeakMap();
  const find = (path: Path): Place => {
    let node: unknown = document.contents;
    let place = at(node) ?? { line: 1, column: 1 };
    for (const part of path) {
      const next = childOf(document, node, part, known);
      if (!next) return place;
      node = next.value;
      place = at(next.key) ?? at(node) ?? place;
    }
    return place;
  };
  // The key is where the eye looks, for a bad value too: the value may be a block that starts a line later.
  return { value: find, key: find };
}

function childOf(document: Document.Parsed, parent: unknown, part: string | number, known: KnownPairs) {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isSeq(node)) return { key: undefined, value: node.items[Number(part)] };
  if (!isMap(node)) return undefined;
  const pairs = known.get(node) ?? pairsOf(node);
  known.set(node, pairs);
  const pair = pairs.get(String(part));
  return pair && { key: pair.key, value: pair.value };
}

/** The pairs of each map by their names: a manifest with thousands of mistakes asks for thousands of places. */
type KnownPairs = WeakMap<YAMLMap, ReadonlyMap<string, Pair>>;

const pairsOf = (node: YAMLMap): ReadonlyMap<string, Pair> =>
  new Map(
    node.items
      .filter((item) => isPair(item) && isScalar(item.key))
      .map((item) => [String((item.key as Scalar).value), item] as const)
      .reverse(),
  );

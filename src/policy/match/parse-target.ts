/** A request's path and query. `readings` are the ways in which a server may take the path: every one must be allowed. */
export interface Target {
  readonly path: string;
  readonly query: string | undefined;
  readonly readings: readonly string[];
}

export type ParsedTarget = Target | { readonly malformed: string };

/** Reads an origin-form target (`/path?query`). What could be read in more ways than we can tell apart is refused. */
export function parseTarget(text: string): ParsedTarget {
  const mark = text.indexOf("?");
  const path = mark < 0 ? text : text.slice(0, mark);
  const query = mark < 0 ? undefined : text.slice(mark + 1);
  if (query !== undefined && !/^[\x21\x22\x24-\x7e]*$/.test(query)) {
    return { malformed: "the query holds characters that must be encoded" };
  }
  const read = readPath(path);
  return "malformed" in read ? read : { path, query, readings: read.readings };
}

const plainPath = /^\/[A-Za-z0-9\-_~!$&'()*+,=:@/.]*$/;
const doubtful = /\/\/|\/\./;

/** The readings of a path: percent-encoding undone, and, where `%2F` or `//` make it unclear, also with real slashes. */
export function readPath(path: string): { readonly readings: readonly string[] } | { readonly malformed: string } {
  if (plainPath.test(path) && !doubtful.test(path)) return { readings: [path] };
  if (!path.startsWith("/")) return { malformed: "the path does not start with a slash" };
  if (!/^[\x21\x24-\x3b\x3d\x3f-\x5b\x5d-\x7e]*$/.test(path)) {
    return { malformed: "the path holds characters that must be encoded" };
  }
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return { malformed: "the path holds a broken percent-encoding" };
  if (/%5c/i.test(path)) return { malformed: "the path holds an encoded backslash" };
  if (/%(?:[01][0-9a-f]|7f)/i.test(path)) return { malformed: "the path holds an encoded control character" };
  const literal = undoEncoding(path);
  if (/%25[0-9A-Fa-f]{2}/.test(literal)) return { malformed: "the path is encoded twice" };
  const split = literal.replaceAll("%2F", "/").replace(/\/{2,}/g, "/");
  const readings = split === literal ? [literal] : [literal, split];
  if (readings.some(hasDotSegment)) return { malformed: "the path holds a dot segment" };
  return { readings };
}

// `%2F` and `%25` stay as they are: undone they would look like a slash, or like the start of another encoding.
const undoEncoding = (path: string): string =>
  path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return code === 0x2f || code === 0x25 ? `%${hex.toUpperCase()}` : String.fromCharCode(code);
  });

// `..;x` counts too: some servers cut parameters off a segment before they resolve the dots.
const hasDotSegment = (path: string): boolean => /\/\.{1,2}(?:;[^/]*)?(?=\/|$)/.test(path);

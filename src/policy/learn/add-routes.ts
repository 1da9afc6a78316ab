import { isMap, isSeq, parseDocument } from "yaml";
import type { Route } from "../../spec/policy.ts";
import { parseManifest } from "../parse-manifest.ts";

/** A manifest's text with more routes at the end of its own; comments and all else stay. Throws when it is not a manifest. */
export function addRoutes(
  text: string,
  added: {
    readonly file: string;
    readonly comment: string;
    readonly routes: readonly Route[];
    readonly presets: readonly string[];
  },
): string {
  parseManifest(text, added.file);
  const document = parseDocument(text);
  const items = [...added.presets.map((preset) => ({ preset })), ...added.routes.map(writtenRoute)];
  const nodes = items.map((item) => document.createNode(item, { flow: true }));
  const [first] = nodes;
  if (first === undefined) return text;
  first.commentBefore = ` ${added.comment}`;
  if (!isMap(document.contents)) document.contents = document.createNode({}) as never;
  const there = document.get("routes");
  if (isSeq(there)) {
    // On one line there is no room for a comment.
    there.flow = false;
    there.items.push(...nodes);
  } else document.set("routes", nodes);
  const written = document.toString({ lineWidth: 0 });
  parseManifest(written, added.file);
  return written;
}

/** A route as a person would write it: without what is usual. */
export function writtenRoute({ host, scheme, ports, methods, paths }: Route): object {
  const usual = scheme === "https" ? 443 : 80;
  return {
    host,
    ...(scheme === "http" && { scheme }),
    ...(ports.length === 1 && ports[0] === usual ? {} : { ports }),
    ...(methods.length > 0 && { methods }),
    ...(paths.length > 0 && { paths: paths.map(writtenPath) }),
  };
}

/** A text with `*` would be read as a pattern, one without as a prefix. */
function writtenPath(path: Route["paths"][number]): unknown {
  if ("pattern" in path && path.pattern.includes("*")) return path.pattern;
  if ("prefix" in path && !path.prefix.includes("*")) return path.prefix;
  return path;
}

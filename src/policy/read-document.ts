import { type Document, isScalar, LineCounter, parseDocument, visit, type YAMLError } from "yaml";
import type { Failure } from "../base/failure.ts";
import { policyFailure } from "./errors.ts";
import { type Place, placesOf } from "./manifest-places.ts";
import type { ManifestProblem } from "./manifest-problem.ts";

/** A YAML document as plain data, and where each value of it stands. */
export interface ReadDocument {
  readonly data: unknown;
  readonly lineOf: (path: readonly (string | number)[]) => number;
  /** The failure that a problem of it is. */
  readonly failureOf: (problem: ManifestProblem) => Failure;
}

/** Reads one YAML document (no merge keys, bounded aliases); fails with file, line and column. */
export function readDocument(text: string, file: string): ReadDocument {
  const lines = new LineCounter();
  // The parser's own check of keys takes time by the square of their number, which a repository chooses.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: false,
    uniqueKeys: false,
    logLevel: "silent",
  });
  const [broken] = document.errors;
  if (broken) throw yamlFailure(broken, file, lines);
  refuseTwice(document, file, lines);
  const places = placesOf(document, lines);
  return {
    data: toData(document, file),
    lineOf: (path) => places.value(path).line,
    failureOf: (problem) => problemFailure(problem, file, places),
  };
}

/** Of two equal keys one would be read and the other be seen. */
function refuseTwice(document: Document.Parsed, file: string, lines: LineCounter): void {
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name)) {
          const { line, col } = lines.linePos(key.range?.[0] ?? 0);
          throw policyFailure("manifest_invalid", { file, line, column: col, problem: "Map keys must be unique" });
        }
        seen.add(name);
      }
    },
  });
}

function toData(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (cause) {
    // The parser's own word for an alias without an anchor, or for aliases that grow without bound.
    if (!(cause instanceof ReferenceError)) throw cause;
    const [problem] = cause.message.split("\n");
    throw policyFailure("manifest_invalid", { file, line: 1, column: 1, problem: problem ?? "bad alias" }, { cause });
  }
}

interface Places {
  readonly value: (path: readonly (string | number)[]) => Place;
  readonly key: (path: readonly (string | number)[]) => Place;
}

function problemFailure(problem: ManifestProblem, file: string, places: Places): Failure {
  const { line, column } = problem.atKey ? places.key(problem.path) : places.value(problem.path);
  const near = problem.near === undefined ? {} : { near: problem.near };
  return policyFailure("manifest_invalid", { file, line, column, problem: problem.text, ...near });
}

function yamlFailure(error: YAMLError, file: string, lines: LineCounter): Failure {
  const { line, col } = lines.linePos(error.pos[0]);
  return policyFailure("manifest_invalid", { file, line, column: col, problem: error.message });
}

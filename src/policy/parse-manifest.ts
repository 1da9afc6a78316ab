import { type Document, LineCounter, parseDocument, type YAMLError } from "yaml";
import type { Failure } from "../base/failure.ts";
import { Manifest } from "../spec/manifest.ts";
import { policyFailure } from "./errors.ts";
import { type Place, placesOf } from "./manifest-places.ts";
import { type ManifestProblem, manifestProblems } from "./manifest-problem.ts";

/** A manifest that was read: strict, with the place of every value, and the agents whose own entry is wrong. */
export interface ParsedManifest {
  readonly manifest: Manifest;
  readonly brokenAgents: Readonly<Record<string, Failure>>;
  readonly lineOf: (path: readonly (string | number)[]) => number;
}

/**
 * Reads `caisson.yaml` strictly (one YAML document). The first problem fails with file, line, column and the key that was
 * likely meant; a problem inside one agent's entry breaks that agent alone.
 */
export function parseManifest(text: string, file: string): ParsedManifest {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false });
  const [broken] = document.errors;
  if (broken) throw yamlFailure(broken, file, lines);
  const places = placesOf(document, lines);
  const raw = toData(document, file);
  const brokenAgents: Record<string, Failure> = {};
  for (;;) {
    const parsed = Manifest.safeParse(withoutAgents(raw, brokenAgents));
    if (parsed.success) return { manifest: parsed.data, brokenAgents, lineOf: (path) => places.value(path).line };
    const problems = manifestProblems(parsed.error.issues, Manifest);
    const outside = problems.find((problem) => !isInAgent(problem));
    if (outside || problems.length === 0) throw problemFailure(outside ?? noProblem, file, places);
    for (const problem of problems) {
      const agent = String(problem.path[1]);
      brokenAgents[agent] ??= problemFailure(problem, file, places);
    }
  }
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

const noProblem: ManifestProblem = { path: [], atKey: false, text: "it is not a manifest" };

function isInAgent(problem: ManifestProblem): boolean {
  return problem.path[0] === "agents" && problem.path.length >= 2;
}

function withoutAgents(raw: unknown, broken: Readonly<Record<string, Failure>>): unknown {
  if (typeof raw !== "object" || raw === null || !("agents" in raw)) return raw;
  const { agents } = raw;
  if (typeof agents !== "object" || agents === null || Array.isArray(agents)) return raw;
  return {
    ...raw,
    agents: Object.fromEntries(Object.entries(agents).filter(([name]) => !Object.hasOwn(broken, name))),
  };
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

import type { Failure } from "../base/failure.ts";
import { Manifest } from "../spec/manifest.ts";
import { type ManifestProblem, manifestProblems } from "./manifest-problem.ts";
import { readDocument } from "./read-document.ts";

/** A manifest that was read: strict, with the place of every value, and the entries that are wrong. */
export interface ParsedManifest {
  readonly manifest: Manifest;
  readonly brokenAgents: Readonly<Record<string, Failure>>;
  readonly brokenSandboxes: Readonly<Record<string, Failure>>;
  readonly lineOf: (path: readonly (string | number)[]) => number;
}

type Broken = { readonly [Part in "agents" | "sandboxes"]: Record<string, Failure> };

/**
 * Reads `caisson.yaml` strictly (one YAML document). The first problem fails with file, line, column and the key that was
 * likely meant; a problem inside one agent's or sandbox's entry breaks that entry alone.
 */
export function parseManifest(text: string, file: string): ParsedManifest {
  const document = readDocument(text, file);
  const broken: Broken = { agents: {}, sandboxes: {} };
  for (;;) {
    const parsed = Manifest.safeParse(withoutBroken(document.data, broken));
    if (parsed.success) {
      const { agents: brokenAgents, sandboxes: brokenSandboxes } = broken;
      return { manifest: parsed.data, brokenAgents, brokenSandboxes, lineOf: document.lineOf };
    }
    const problems = manifestProblems(parsed.error.issues, Manifest);
    const outside = problems.find((problem) => entryOf(problem) === undefined);
    if (outside || problems.length === 0) throw document.failureOf(outside ?? noProblem);
    for (const problem of problems) {
      const [part, name] = entryOf(problem) ?? ["agents", ""];
      broken[part][name] ??= document.failureOf(problem);
    }
  }
}

const noProblem: ManifestProblem = { path: [], atKey: false, text: "it is not a manifest" };

/** The agent's or sandbox's entry that a problem lies in. */
function entryOf({ path }: ManifestProblem): readonly [part: keyof Broken, name: string] | undefined {
  const [part, name] = path;
  return (part === "agents" || part === "sandboxes") && name !== undefined ? [part, String(name)] : undefined;
}

function withoutBroken(raw: unknown, broken: Broken): unknown {
  if (!isMap(raw)) return raw;
  const kept = (["agents", "sandboxes"] as const).flatMap((part) => {
    const entries = raw[part];
    if (!isMap(entries)) return [];
    return [[part, Object.fromEntries(Object.entries(entries).filter(([n]) => !Object.hasOwn(broken[part], n)))]];
  });
  return { ...raw, ...Object.fromEntries(kept) };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

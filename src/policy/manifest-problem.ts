import type * as z from "zod";
import { nearestWord } from "./nearest-word.ts";

/** One thing wrong with a manifest, where it is, and the known key that was likely meant. */
export interface ManifestProblem {
  readonly path: readonly (string | number)[];
  /** The problem is the key at the end of the path, not its value. */
  readonly atKey: boolean;
  readonly text: string;
  readonly near?: string;
}

// What other tools call it, or what it is called one level higher.
const otherWords: Readonly<Record<string, readonly string[]>> = {
  agent_provider: ["provider"],
  allow: ["routes"],
  base: ["extends"],
  bottle: ["sandbox", "sandboxes"],
  bottles: ["sandboxes"],
  colour: ["color"],
  cpu: ["cpus"],
  egress: ["routes"],
  env: ["environment"],
  from: ["extends"],
  inherit: ["extends"],
  input: ["parameters"],
  network: ["routes"],
  outputSchema: ["output"],
  output_schema: ["output"],
  params: ["parameters"],
  parent: ["extends"],
  pids: ["processes"],
  profile: ["sandbox"],
  profiles: ["sandboxes"],
  prompt: ["instructions"],
  publish: ["ports"],
  schema: ["$schema"],
  secrets: ["credentials"],
  system: ["instructions"],
  systemPrompt: ["instructions"],
  tokens: ["credentials"],
  user: ["git"],
  volumes: ["mounts"],
};
/** A key may be anything: `toString` is nobody's word. */
const wordsFor = (key: string) => (Object.hasOwn(otherWords, key) ? (otherWords[key] ?? []) : []);

type Issue = z.core.$ZodIssue;

/** Unknown keys first (they are why others are missing); of a union, the problems of the shape that was likely meant. */
export function manifestProblems(issues: readonly Issue[], schema: z.ZodType): readonly ManifestProblem[] {
  const problems = issues.flatMap((issue) => problemsOf(issue, [], schema));
  return problems.toSorted((a, b) => Number(b.atKey) - Number(a.atKey));
}

function problemsOf(issue: Issue, base: readonly (string | number)[], schema: z.ZodType): readonly ManifestProblem[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))];
  if (issue.code === "invalid_union") {
    const branch = nearestBranch(issue.errors);
    return branch.length > 0
      ? branch.flatMap((inner) => problemsOf(inner, path, schema))
      : [{ path, atKey: false, text: issue.message }];
  }
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schema, path);
    return issue.keys.map((key) => {
      const near = nearestWord(key, known) ?? wordsFor(key).find((word) => known.includes(word));
      const text = `unknown key "${key}"${near || known.length === 0 ? "" : `: known are ${known.join(", ")}`}`;
      return { path: [...path, key], atKey: true, text, ...(near ? { near } : {}) };
    });
  }
  if (issue.code === "invalid_key") {
    const inner = issue.issues[0]?.message ?? issue.message;
    return [{ path, atKey: true, text: `bad name "${String(path.at(-1))}": ${inner}` }];
  }
  const at = path.length === 0 ? "" : ` (at ${path.join(".")})`;
  return [{ path, atKey: false, text: `${issue.message}${at}` }];
}

// An unknown key weighs as much as a missing one: `{ hots: x }` is nearest to the shape that has most of its keys.
function nearestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] {
  const weight = (issues: readonly Issue[]) =>
    issues.reduce((sum, issue) => {
      if (issue.code === "unrecognized_keys") return sum + issue.keys.length;
      // A value of another kind altogether (a text where a map is asked for) was hardly meant.
      return sum + (issue.path.length === 0 ? 10 : 1);
    }, 0);
  return branches.toSorted((a, b) => weight(a) - weight(b))[0] ?? [];
}

/** The keys that the schema allows at a path, through records, arrays, unions and defaults. */
function knownKeys(schema: z.ZodType, path: readonly (string | number)[]): readonly string[] {
  let here: readonly JsonSchema[] = [toJsonSchema(schema)];
  for (const part of path) here = here.flatMap(alternatives).flatMap((node) => childOf(node, part));
  return [...new Set(here.flatMap(alternatives).flatMap((node) => Object.keys(node.properties ?? {})))].filter(
    (key) => key !== "$schema",
  );
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** Made once: a manifest with thousands of mistakes asks for it thousands of times. */
const made = new WeakMap<z.ZodType, JsonSchema>();

function toJsonSchema(schema: z.ZodType): JsonSchema {
  const known = made.get(schema) ?? (schema.toJSONSchema({ io: "input", unrepresentable: "any" }) as JsonSchema);
  made.set(schema, known);
  return known;
}

function alternatives(node: JsonSchema): readonly JsonSchema[] {
  return node.anyOf ? node.anyOf.flatMap(alternatives) : [node];
}

function childOf(node: JsonSchema, part: string | number): readonly JsonSchema[] {
  if (typeof part === "number") return node.items ? [node.items] : [];
  const named = node.properties && Object.hasOwn(node.properties, part) ? node.properties[part] : undefined;
  if (named) return [named];
  return typeof node.additionalProperties === "object" ? [node.additionalProperties] : [];
}

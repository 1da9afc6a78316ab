import { Failure } from "../base/failure.ts";
import { Manifest } from "../spec/manifest.ts";
import { KebabName } from "../spec/manifest-agent.ts";
import { policyFailure } from "./errors.ts";
import { type ManifestProblem, manifestProblems } from "./manifest-problem.ts";
import type { ParsedManifest } from "./parse-manifest.ts";
import { readDocument } from "./read-document.ts";

/** What a file that holds one agent or one sandbox is called: the name is the file's, without its ending. */
export interface EntryFile {
  readonly file: string;
  readonly part: "agents" | "sandboxes";
}

/**
 * Reads `agents/NAME.md` (front matter = the agent's keys, body = its instructions) or `sandboxes/NAME.yaml`, as a manifest
 * with that entry alone. Never throws a Failure: one that is wrong is a broken entry, so that it stops only what uses it.
 */
export function parseEntry(text: string, { file, part }: EntryFile): ParsedManifest {
  const name = entryName(file);
  const brokenKey = part === "agents" ? "brokenAgents" : "brokenSandboxes";
  const empty = { manifest: Manifest.parse({}), brokenAgents: {}, brokenSandboxes: {}, lineOf: () => 1 };
  try {
    return { ...empty, ...readEntry(text, { file, part }, name) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ...empty, [brokenKey]: { [name]: error } };
  }
}

/** Such a file that is there and cannot be read, or must not be: a broken entry, too. */
export function unreadableEntry({ file, part }: EntryFile): ParsedManifest {
  const failure = problemAt(file, "it cannot be read as a file of at most 256 KB that lies where it seems to");
  const [brokenAgents, brokenSandboxes] = [{}, {}];
  const broken: Record<string, Failure> = part === "agents" ? brokenAgents : brokenSandboxes;
  broken[entryName(file)] = failure;
  return { manifest: Manifest.parse({}), brokenAgents, brokenSandboxes, lineOf: () => 1 };
}

/** Every problem of such a file. */
export function entryFailures(text: string, at: EntryFile): readonly Failure[] {
  try {
    return parse(text, at, entryName(at.file)).failures;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [error];
  }
}

function readEntry(text: string, at: EntryFile, name: string) {
  const { manifest, failures, lineOf } = parse(text, at, name);
  const [first] = failures;
  if (first || !manifest) throw first;
  return { manifest, lineOf };
}

function parse(text: string, { file, part }: EntryFile, name: string) {
  const { yaml, body } = part === "agents" ? splitFrontMatter(text, file) : { yaml: text, body: "" };
  if (!KebabName.safeParse(name).success) throw problemAt(file, `bad name "${name}": use kebab-case, like code-review`);
  const document = readDocument(yaml, file);
  const { data } = document;
  if (body !== "" && typeof data === "object" && data !== null && "instructions" in data)
    throw document.failureOf({ path: ["instructions"], atKey: true, text: "instructions are the text below it, too" });
  const entry = typeof data === "object" && body !== "" ? { ...data, instructions: body } : data;
  const parsed = Manifest.safeParse({ [part]: { [name]: entry } });
  // Its own place has no `agents` and no name before it.
  const inFile = (problem: ManifestProblem): ManifestProblem => ({ ...problem, path: problem.path.slice(2) });
  return {
    manifest: parsed.success ? parsed.data : undefined,
    failures: parsed.success
      ? []
      : manifestProblems(parsed.error.issues, Manifest).map((problem) => document.failureOf(inFile(problem))),
    lineOf: (path: readonly (string | number)[]) => document.lineOf(path.slice(2)),
  };
}

/** The front matter with its lines where they stand in the file, and what follows it. */
function splitFrontMatter(text: string, file: string): { readonly yaml: string; readonly body: string } {
  const found = /^\uFEFF?---[ \t]*\r?\n(?<yaml>[\s\S]*?)(?:^---[ \t]*(?:\r?\n|$))(?<body>[\s\S]*)$/m.exec(text);
  if (found?.groups === undefined || found.index !== 0)
    throw problemAt(file, "it does not begin with its keys between two lines of ---");
  return { yaml: `\n${found.groups.yaml ?? ""}`, body: (found.groups.body ?? "").trim() };
}

function entryName(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1).replace(/\.(md|ya?ml)$/, "");
}

function problemAt(file: string, problem: string): Failure {
  return policyFailure("manifest_invalid", { file, line: 1, column: 1, problem });
}

import { Failure } from "../base/failure.ts";
import { Manifest } from "../spec/manifest.ts";
import { manifestProblems } from "./manifest-problem.ts";
import { entryFailures } from "./parse-entry.ts";
import { readDocument } from "./read-document.ts";

/** Every problem of a file's shape, not only the first; none = it is well-formed. */
export function manifestFailures(
  text: string,
  { file, part }: { readonly file: string; readonly part: "manifest" | "agents" | "sandboxes" },
): readonly Failure[] {
  if (part !== "manifest") return entryFailures(text, { file, part });
  try {
    const document = readDocument(text, file);
    const parsed = Manifest.safeParse(document.data);
    return parsed.success ? [] : manifestProblems(parsed.error.issues, Manifest).map(document.failureOf);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [error];
  }
}

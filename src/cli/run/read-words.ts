import { join } from "node:path";
import { readWithin } from "../../host/read-within.ts";
import { type ProjectWords, projectWordFiles } from "../../provider/project-words.ts";

/** Longest AGENTS.md or CLAUDE.md that is handed over. */
const wordBytes = 256 * 1024;

/** AGENTS.md and CLAUDE.md of the workspace, as far as they are there, inside it and not masked. */
export function readWords(workspace: string | undefined, hidden: ReadonlySet<string>): ProjectWords {
  if (workspace === undefined) return {};
  const read = (name: string) => readWithin(workspace, join(workspace, name), wordBytes, hidden);
  return Object.fromEntries(projectWordFiles.flatMap((name) => [[name, read(name)]]));
}

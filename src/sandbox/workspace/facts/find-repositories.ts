import { join } from "node:path";
import type { GuardHost, Look } from "../guard-host.ts";
import { protectedNames } from "../protected-names.ts";

/** Bounds of the search at launch: a launch must not wait for a huge tree. What lies beyond is looked at when the run ends. */
const maxFolders = 2000;
const maxDepth = 6;

const skipped = new Set([...protectedNames, ".git", "node_modules", ".venv", "target", ".cache"]);

/** A `.git` below the top of the workspace, or a folder that is a git directory itself. */
export interface FoundRepository {
  readonly path: string;
  readonly kind: "folder" | "file" | "link" | "bare";
}

/** Whether these names at the top of a folder make it a git directory. */
export const isGitDir = (names: ReadonlySet<string>): boolean =>
  names.has("HEAD") && ((names.has("objects") && names.has("refs")) || names.has("commondir"));

/** Looks for repositories below the top of a workspace, nearest first, within bounds. Follows no link. */
export function findRepositories(
  host: GuardHost,
  dir: string,
): { readonly found: readonly FoundRepository[]; readonly searchedAll: boolean } {
  const found: FoundRepository[] = [];
  let level = [dir];
  let searched = 0;
  for (let depth = 0; level.length > 0; depth += 1) {
    const next: string[] = [];
    for (const folder of level) {
      if (searched >= maxFolders || depth > maxDepth) return { found, searchedAll: false };
      searched += 1;
      const entries = host.list(folder);
      const git = entries.find(({ name }) => name === ".git");
      if (git && folder !== dir) found.push({ path: join(folder, ".git"), kind: kindOf(git.kind) });
      if (isGitDir(new Set(entries.map(({ name }) => name)))) found.push({ path: folder, kind: "bare" });
      else
        for (const { name, kind } of entries)
          if (kind === "folder" && !skipped.has(name)) next.push(join(folder, name));
    }
    level = next;
  }
  return { found, searchedAll: true };
}

const kindOf = (kind: Look["kind"]): FoundRepository["kind"] => (kind === "folder" || kind === "link" ? kind : "file");

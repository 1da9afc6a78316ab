import { join, relative } from "node:path";
import { isWithin } from "../facts/path-within.ts";
import type { GuardHost } from "../guard-host.ts";

const bounds = { entries: 60_000, folders: 6_000, depth: 24, milliseconds: 1000 } as const;
/** Installed packages, caches and what compilers leave: no place for secrets of the person's own. */
const skipped = new Set(["node_modules", ".git", ".venv", "venv", "__pycache__", ".cache", ".tox", "target"]);

/** A file of a workspace; `leadsTo` where it is a link to another one of it. */
export interface FoundFile {
  readonly path: string;
  readonly leadsTo?: string;
}

/** All files of a tree, nearest first, within bounds. Paths are relative to it. */
export function walkFiles(
  host: Pick<GuardHost, "list" | "realPath" | "look" | "now">,
  dir: string,
): { readonly files: readonly FoundFile[]; readonly sawAll: boolean } {
  const files: FoundFile[] = [];
  const until = host.now() + bounds.milliseconds;
  let folders = [""];
  let [seen, entered] = [0, 0];
  for (let depth = 0; folders.length > 0; depth += 1) {
    const next: string[] = [];
    for (const folder of folders) {
      entered += 1;
      if (entered > bounds.folders || seen > bounds.entries || depth > bounds.depth || host.now() > until)
        return { files, sawAll: false };
      for (const { name, kind } of host.list(join(dir, folder))) {
        seen += 1;
        const path = folder === "" ? name : `${folder}/${name}`;
        if (kind === "folder" && !skipped.has(name)) next.push(path);
        if (kind === "file") files.push({ path });
        const leadsTo = kind === "link" ? followLink(host, dir, path) : undefined;
        if (leadsTo !== undefined) files.push({ path, leadsTo });
      }
    }
    folders = next;
  }
  return { files, sawAll: true };
}

/** Where a link in the workspace leads, relative to it, if that is a file in it. */
function followLink(files: Pick<GuardHost, "realPath" | "look">, dir: string, path: string): string | undefined {
  const real = files.realPath(join(dir, path));
  if (real === undefined || !isWithin(real, dir) || files.look(real)?.kind !== "file") return undefined;
  return relative(dir, real);
}

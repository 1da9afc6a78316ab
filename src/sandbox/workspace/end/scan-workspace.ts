import { dirname, join, relative, resolve } from "node:path";
import { isGitDir } from "../facts/find-repositories.ts";
import { isWithin } from "../facts/path-within.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardPlan } from "../guard-plan.ts";
import { protectedNames } from "../protected-names.ts";

const maxEntries = 300_000;

/** What lies in a workspace after a run that was not there before, as far as it matters to programs of the host. */
export interface WorkspaceScan {
  readonly gitDirs: readonly string[];
  /** `.git` files and links. */
  readonly gitFiles: readonly string[];
  /** New links that lead out of the workspace. */
  readonly linksOut: readonly { readonly path: string; readonly target: string }[];
  /** New agent or editor configuration below the top. */
  readonly agentFiles: readonly string[];
  /** Folders that have no name that we could say: nothing in them was looked at. */
  readonly nameless: readonly string[];
  readonly sawAll: boolean;
}

/** Looks through a workspace, following no link. Ends after a bounded number of entries and says so. */
export function scanWorkspace(host: GuardHost, plan: GuardPlan): WorkspaceScan {
  const guarded = new Set(plan.gitDirs.filter(({ role }) => role !== "initial").map(({ path }) => path));
  const readOnly = new Set(plan.mounts.filter(({ kind }) => kind === "ro-bind").map(({ target }) => target));
  const [gitDirs, gitFiles, agentFiles]: [string[], string[], string[]] = [[], [], []];
  const nameless: string[] = [];
  const linksOut: { path: string; target: string }[] = [];
  const isNew = (path: string) => (host.look(path)?.ctimeMs ?? 0) >= plan.sinceMs;
  const pending = [plan.workspace];
  let seen = 0;
  for (let folder = pending.pop(); folder !== undefined && seen < maxEntries; folder = pending.pop()) {
    const entries = host.list(folder);
    seen += entries.length + 1;
    if (isGitDir(new Set(entries.map(({ name }) => name)))) gitDirs.push(folder);
    for (const { name, kind } of entries) {
      const path = join(folder, name);
      if (guarded.has(path) || readOnly.has(path)) continue;
      if (name === ".git" && kind !== "folder") gitFiles.push(path);
      else if (kind === "folder" && isNameless(host, path)) nameless.push(path);
      else if (kind === "link") {
        const target = host.readLink(path) ?? "";
        const real = host.realPath(path) ?? resolve(dirname(path), target);
        if (!isWithin(real, plan.workspace) && isNew(path)) linksOut.push({ path, target });
      } else if (kind === "folder" && !isInPackage(relative(plan.workspace, folder))) pending.push(path);
      if (folder !== plan.workspace && protectedNames.includes(name) && isNew(path)) agentFiles.push(path);
    }
  }
  return { gitDirs, gitFiles, linksOut, agentFiles, nameless, sawAll: pending.length === 0 };
}

/** Whether a name is no text: what was read of it leads nowhere. */
const isNameless = (host: GuardHost, path: string): boolean => path.includes("\ufffd") && !host.look(path);

/** Whether a folder is an installed package: its top is looked at, what is deeper is no work of the agent's. */
const isInPackage = (folder: string): boolean => /(^|\/)node_modules\/(@[^/]+\/)?[^@/][^/]*$/.test(folder);

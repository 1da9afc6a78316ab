import { basename, dirname, resolve } from "node:path";
import { isGitDir } from "../facts/find-repositories.ts";
import { isWithin } from "../facts/path-within.ts";
import { readPathFile } from "../facts/read-git-dir.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardPlan } from "../guard-plan.ts";
import { disarmGitDir } from "./disarm-git-dir.ts";
import type { Notebook } from "./notebook.ts";
import { scanWorkspace } from "./scan-workspace.ts";
import { setAside } from "./set-aside.ts";

/** Most links and files that are named one by one. */
const maxNamed = 20;

/** Disarms repositories that came to be in the workspace, and names what else programs of the host could be led by. */
export async function settleWorkspace(host: GuardHost, plan: GuardPlan, notebook: Notebook): Promise<void> {
  const scan = scanWorkspace(host, plan);
  const guarded = new Set(plan.gitDirs.map(({ path }) => path));
  const gitDirs = new Set(scan.gitDirs);
  for (const path of scan.gitFiles) {
    const target = followGitFile(host, plan, path);
    if (target === undefined) {
      notebook.add({ path, action: "disarmed", detail: "it leads git out of the workspace, or nowhere: taken out" });
      setAside(host, plan, path);
    } else if (![...guarded].some((unit) => isWithin(target, unit))) gitDirs.add(target);
  }
  // A git directory may keep its configuration elsewhere, where nothing else tells that it is one.
  for (const path of [...gitDirs]) {
    const common = readPathFile(host, path, "commondir");
    if (common !== undefined && isWithin(common, plan.workspace) && !guarded.has(common)) gitDirs.add(common);
  }
  for (const path of gitDirs) {
    if (plan.gitDirs.some((unit) => unit.path === path && unit.role === "initial")) continue; // Cleaned before it came here.
    const isKnown = plan.knownGitDirs.includes(path) || !plan.searchedAll;
    await disarmGitDir(host, plan, { path, isKnown }, notebook);
  }
  nameAll(
    notebook,
    scan.linksOut.map(({ path, target }) => ({
      path,
      detail: `a new link that leads out of the workspace, to ${target}`,
    })),
  );
  nameAll(
    notebook,
    scan.agentFiles.map((path) => ({
      path,
      detail: "new here: look at it before a program that obeys it is started in this folder",
    })),
  );
  if (!scan.sawAll)
    notebook.add({ path: ".", action: "noticed", detail: "the workspace is too large to be looked through" });
}

/** Where a `.git` file leads, if that is a git directory in the workspace or one that the workspace had before. */
function followGitFile(host: GuardHost, plan: GuardPlan, path: string): string | undefined {
  const file = host.readUntrusted(dirname(path), [basename(path)], 4096);
  const match = file.is === "file" ? /^gitdir: ([^\n]+)\n?$/.exec(file.bytes.toString()) : null;
  const target = match?.[1] === undefined ? undefined : host.realPath(resolve(dirname(path), match[1]));
  if (target === undefined || !isGitDir(new Set(host.list(target).map(({ name }) => name)))) return undefined;
  const isOwn = isWithin(target, plan.workspace) || plan.gitDirs.some((unit) => isWithin(target, unit.path));
  return isOwn ? target : undefined;
}

function nameAll(notebook: Notebook, found: readonly { readonly path: string; readonly detail: string }[]): void {
  for (const { path, detail } of found.slice(0, maxNamed)) notebook.add({ path, action: "noticed", detail });
  if (found.length > maxNamed)
    notebook.add({
      path: ".",
      action: "noticed",
      detail: `${found.length - maxNamed} more: ${found.at(-1)?.detail ?? ""}`,
    });
}

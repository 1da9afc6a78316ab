import { basename, dirname, relative, resolve } from "node:path";
import { isGitDir } from "../facts/find-repositories.ts";
import { isWithin } from "../facts/path-within.ts";
import { readPathFile } from "../facts/read-git-dir.ts";
import type { GuardHost, HeldFolder } from "../guard-host.ts";
import type { GuardPlan } from "../guard-plan.ts";
import { unmaskedDetail } from "../live/watch-masks.ts";
import { disarmGitDir } from "./disarm-git-dir.ts";
import type { Notebook } from "./notebook.ts";
import { scanWorkspace } from "./scan-workspace.ts";
import { setAside } from "./set-aside.ts";

/** Most links and files that are named one by one. */
const maxNamed = 20;

/** Disarms repositories that came to be in the workspace, and names what else programs of the host could be led by. */
export async function settleWorkspace(
  host: GuardHost,
  plan: GuardPlan,
  top: HeldFolder,
  notebook: Notebook,
): Promise<void> {
  nameReplaced(host, plan, notebook);
  const scan = scanWorkspace(host, plan);
  const hold = (path: string) => host.holdFolder(top.path, relative(plan.workspace, path).split("/").filter(Boolean));
  const guarded = plan.gitDirs.map(({ path }) => path);
  const gitDirs = new Set(scan.gitDirs);
  for (const path of scan.gitFiles) {
    const target = followGitFile(host, plan, path);
    if (target === undefined) {
      using folder = hold(dirname(path));
      if (folder === undefined) continue;
      notebook.add({ path, action: "disarmed", detail: "it leads git out of the workspace, or nowhere: taken out" });
      setAside(host, plan, folder.path, basename(path));
    } else if (!guarded.some((unit) => isWithin(target, unit))) gitDirs.add(target);
  }
  // A git directory may keep its configuration elsewhere, where nothing else tells that it is one.
  for (const path of [...gitDirs]) {
    const common = readPathFile(host, path, "commondir");
    if (common !== undefined && isWithin(common, plan.workspace) && !guarded.includes(common)) gitDirs.add(common);
  }
  for (const path of gitDirs) {
    if (guarded.includes(path)) continue; // Made inside, and cleaned before it came here.
    using held = hold(path);
    if (held) await disarmGitDir(host, plan, { path, held }, notebook.add);
  }
  const links = scan.linksOut.map(({ path, target }) => ({ path, detail: `a new link that leads out, to ${target}` }));
  nameAll(notebook, links);
  const detail = "new here: look at it before a program that obeys it is started in this folder";
  nameAll(
    notebook,
    scan.agentFiles.map((path) => ({ path, detail })),
  );
  const isUnseen = "its name is no text: nothing in it was looked at; remove it, or look at it before git runs in it";
  nameAll(
    notebook,
    scan.nameless.map((path) => ({ path, detail: isUnseen })),
  );
  if (!scan.sawAll) notebook.add({ path: ".", action: "noticed", detail: "too large to be looked through as a whole" });
}

/** What was replaced on the host was no longer mounted over: the agent could write to what came in its place. */
function nameReplaced(host: GuardHost, plan: GuardPlan, notebook: Notebook): void {
  for (const { kind, target, ino } of plan.mounts)
    if (kind === "ro-bind" && ino !== undefined && isWithin(target, plan.workspace) && host.look(target)?.ino !== ino)
      notebook.add({
        path: target,
        action: "noticed",
        detail: "replaced on the host while the run lasted: look at it",
      });
  for (const [path, ino] of Object.entries(plan.masked ?? {}))
    if (host.look(path)?.ino !== ino) notebook.add({ path, action: "noticed", detail: unmaskedDetail });
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
  const last = found.at(-1);
  if (last && found.length > maxNamed)
    notebook.add({ path: ".", action: "noticed", detail: `${found.length - maxNamed} more like ${last.path}` });
}

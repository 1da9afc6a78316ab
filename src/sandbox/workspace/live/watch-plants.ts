import { join, relative } from "node:path";
import { disarmGitDir } from "../end/disarm-git-dir.ts";
import { isGitDir } from "../facts/find-repositories.ts";
import { holdExact } from "../git/hold-git-dir.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardNote, GuardPlan } from "../guard-plan.ts";
import type { LivePart } from "./live-part.ts";
import { queueRounds } from "./queue-rounds.ts";
import { watchFolder } from "./watch-folder.ts";

const delays = { gatherMs: 5, retryMs: 50 };
const maxFolders = 256;

/**
 * Disarms, while the run lasts, repositories that are made in folders right below the workspace: editors and prompts of
 * the person's enter those by themselves. Deeper ones are disarmed when the run ends. Also tells when a protected path
 * was replaced on the host, so that what was mounted there is gone inside.
 */
export function watchPlants(host: GuardHost, plan: GuardPlan, tell: (note: GuardNote) => void): LivePart {
  const top = holdExact(host, plan.workspace, plan.ino);
  if (top === undefined) return { flush: async () => {}, close: async () => {} };
  const watches = new Map<string, Disposable>();
  const guarded = new Set(plan.gitDirs.map(({ path }) => path));
  const fixed = fixedPaths(host, plan);

  const rounds = queueRounds(delays, async (changed) => {
    for (const path of changed) {
      tellReplaced(host, fixed, path, tell);
      const names = relative(plan.workspace, path).split("/").filter(Boolean);
      if (names.length === 1 && !guarded.has(path) && !fixed.has(path)) visitFolder(path, names);
      if (names.length < 2) continue;
      const gitDir = join(plan.workspace, names[0] ?? "", ".git");
      using held = guarded.has(gitDir) ? undefined : host.holdFolder(top.path, [names[0] ?? "", ".git"]);
      if (held && isGitDir(new Set(host.list(held.path).map(({ name }) => name))))
        await disarmGitDir(host, plan, { path: gitDir, held }, tell);
    }
    return [];
  });

  /** Watches a folder below the top, and the git directory in it. */
  const visitFolder = (path: string, names: readonly string[]) => {
    using held = host.holdFolder(top.path, names);
    if (held === undefined) return unwatch(path);
    watchOnce(path, `${held.path}/.`, names);
    using git = host.holdFolder(held.path, [".git"]);
    if (git === undefined || guarded.has(join(path, ".git"))) return;
    watchOnce(join(path, ".git"), `${git.path}/.`, [...names, ".git"]);
    using hooks = host.holdFolder(git.path, ["hooks"]);
    if (hooks) watchOnce(join(path, ".git", "hooks"), `${hooks.path}/.`, [...names, ".git", "hooks"]);
    rounds.add(join(path, ".git"));
  };
  const watchOnce = (path: string, place: string, names: readonly string[]) => {
    if (watches.has(path) || watches.size >= maxFolders) return;
    watches.set(
      path,
      watchFolder(place, (name) => {
        const changed = join(plan.workspace, ...names, name);
        if (names.length > 1 || name === ".git") {
          rounds.add(join(plan.workspace, names[0] ?? ""));
          rounds.add(changed);
        }
      }),
    );
  };
  const unwatch = (path: string) => {
    for (const [watched, watch] of watches)
      if (watched === path || watched.startsWith(`${path}/`)) {
        watch[Symbol.dispose]();
        watches.delete(watched);
      }
  };
  watches.set(
    ".",
    watchFolder(`${top.path}/.`, (name) => rounds.add(join(plan.workspace, name))),
  );
  for (const { name, kind } of host.list(top.path)) if (kind === "folder") rounds.add(join(plan.workspace, name));
  return {
    flush: () => rounds.run(host.list(top.path).map(({ name }) => join(plan.workspace, name))),
    close: async () => {
      for (const watch of watches.values()) watch[Symbol.dispose]();
      await rounds.close();
      top[Symbol.dispose]();
    },
  };
}

/** What must stay the very thing that is mounted over: what is read-only, and the placeholders. */
function fixedPaths(host: GuardHost, plan: GuardPlan): ReadonlyMap<string, number | undefined> {
  const readOnly = plan.mounts.filter(({ kind, target }) => kind === "ro-bind" && plan.masked?.[target] === undefined);
  return new Map(readOnly.map(({ target, ino }) => [target, ino ?? host.look(target)?.ino]));
}

function tellReplaced(
  host: GuardHost,
  fixed: ReadonlyMap<string, number | undefined>,
  path: string,
  tell: (note: GuardNote) => void,
): void {
  if (!fixed.has(path) || host.look(path)?.ino === fixed.get(path)) return;
  const detail =
    "replaced on the host while the run lasts: the agent can write here now; look at it when the run has ended";
  tell({ path, action: "noticed", detail });
}

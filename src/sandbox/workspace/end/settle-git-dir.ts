import { join, relative } from "node:path";
import { listModules } from "../facts/read-git-dir.ts";
import { loadBase, mirroredNames } from "../git/mirror-base.ts";
import { mirrorGitDir } from "../git/mirror-git-dir.ts";
import type { IndexReading } from "../git/read-index.ts";
import { clearWaiting } from "../git/replace-file.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardedGitDir, GuardPlan } from "../guard-plan.ts";
import { adoptGitDir } from "./adopt-git-dir.ts";
import type { Notebook } from "./notebook.ts";
import { settleConfig } from "./settle-config.ts";
import { settlePrivate } from "./settle-private.ts";
import { settleReflogs } from "./settle-reflogs.ts";
import { settleShared } from "./settle-shared.ts";

const maxTries = 20;
const pauseMs = 100;

/** Carries over to one git directory what may be, and takes back what is shared; returns what a lock kept it from. */
export async function settleGitDir(
  host: GuardHost,
  plan: GuardPlan,
  unit: GuardedGitDir,
  context: {
    readonly tag: string;
    readonly notebook: Notebook;
    readonly shared: ReadonlySet<string>;
  },
): Promise<readonly string[]> {
  const { tag, notebook } = context;
  if (unit.role === "initial") {
    await adoptGitDir(
      host,
      plan,
      { from: unit.privateDir, to: unit.path, kind: "repository" },
      notebook,
      context.shared,
    );
    return [];
  }
  clearWaiting(host, unit.path, tag);
  if (loadBase(host, unit) === undefined) return []; // The copy was never whole: no agent has seen it.
  await settleShared(host, unit, plan.sinceMs, notebook);

  let pending = mirroredNames(unit);
  const readings = new Map<string, IndexReading>();
  for (let tries = 0; pending.length > 0 && tries < maxTries; tries += 1) {
    if (tries > 0) await host.pause(pauseMs);
    const round = await mirrorGitDir(host, unit, pending, { tag, agent: "is dead", readings });
    round.notes.forEach(notebook.add);
    pending = round.pending;
  }
  const leftovers = pending.map((name) => join(unit.path, name));
  if (unit.role !== "worktree") {
    let merged = await settleConfig(host, unit, tag, notebook);
    for (let tries = 0; !merged && tries < maxTries; tries += 1) {
      await host.pause(pauseMs);
      merged = await settleConfig(host, unit, tag, notebook);
    }
    if (!merged) leftovers.push(join(unit.path, "config"));
  }
  settleReflogs(host, unit, tag, notebook);
  settlePrivate(host, unit, notebook);
  await adoptMade(host, plan, unit, notebook);
  return leftovers;
}

/** Submodules and linked working trees that were added inside. */
async function adoptMade(host: GuardHost, plan: GuardPlan, unit: GuardedGitDir, notebook: Notebook): Promise<void> {
  const place = (from: string) => join(unit.path, relative(unit.privateDir, from));
  if (unit.role !== "common")
    for (const from of listModules(host, unit.privateDir))
      await adoptGitDir(host, plan, { from, to: place(from), kind: "repository" }, notebook);
  if (unit.role === "worktree") return;
  for (const { name } of host.list(join(unit.privateDir, "worktrees"))) {
    const from = join(unit.privateDir, "worktrees", name);
    await adoptGitDir(host, plan, { from, to: place(from), kind: "worktree" }, notebook);
  }
}

import { basename, join, relative } from "node:path";
import { listModules } from "../facts/read-git-dir.ts";
import { type HeldGitDir, holdGitDir } from "../git/hold-git-dir.ts";
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
  notebook: Notebook,
): Promise<readonly string[]> {
  if (loadBase(host, unit) === undefined) return []; // The copy was never whole: no agent has seen it.
  using held = holdGitDir(host, unit);
  if (held === undefined) {
    const detail = `another folder is here than before: nothing is carried over; the agent's copy is at ${unit.privateDir}`;
    notebook.add({ path: unit.path, action: "dropped", detail });
    return [];
  }
  const tag = basename(plan.claim);
  clearWaiting(host, held.at, tag);
  await settleShared(host, held, plan.sinceMs, notebook);
  const leftovers = await settleMirror(host, held, tag, notebook);
  if (held.role !== "worktree" && !(await settleConfigPatiently(host, held, tag, notebook)))
    leftovers.push(join(unit.path, "config"));
  settleReflogs(host, held, tag, notebook);
  settlePrivate(host, held, notebook);
  await adoptMade(host, plan, held, notebook);
  return leftovers;
}

async function settleMirror(host: GuardHost, unit: HeldGitDir, tag: string, notebook: Notebook): Promise<string[]> {
  let pending = mirroredNames(unit);
  const readings = new Map<string, IndexReading>();
  for (let tries = 0; pending.length > 0 && tries < maxTries; tries += 1) {
    if (tries > 0) await host.pause(pauseMs);
    const round = await mirrorGitDir(host, unit, pending, { tag, agent: "is dead", readings });
    round.notes.forEach(notebook.add);
    pending = round.pending;
  }
  return pending.map((name) => join(unit.path, name));
}

async function settleConfigPatiently(
  host: GuardHost,
  unit: HeldGitDir,
  tag: string,
  notebook: Notebook,
): Promise<boolean> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    if (await settleConfig(host, unit, tag, notebook)) return true;
    await host.pause(pauseMs);
  }
  return false;
}

/** Submodules and linked working trees that were added inside. */
async function adoptMade(host: GuardHost, plan: GuardPlan, unit: HeldGitDir, notebook: Notebook): Promise<void> {
  const adopt = (from: string, kind: "repository" | "worktree") => {
    const place = relative(unit.privateDir, from);
    const made = { from, to: join(unit.path, place), at: join(unit.at, place), kind };
    return adoptGitDir(host, plan, made, notebook);
  };
  if (unit.role !== "common") for (const from of listModules(host, unit.privateDir)) await adopt(from, "repository");
  if (unit.role === "worktree") return;
  for (const { name } of host.list(join(unit.privateDir, "worktrees")))
    await adopt(join(unit.privateDir, "worktrees", name), "worktree");
}

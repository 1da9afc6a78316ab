import { createHash } from "node:crypto";
import { carryOut, stageApply } from "./apply-plan.ts";
import { copyFailure } from "./errors.ts";
import { type CopyName, type CopyTools, type OpenCopy, openCopy } from "./open-copy.ts";
import { type ApplyPlan, type ApplyReason, planApply } from "./plan-apply.ts";
import { type Snapshot, unapplied } from "./read-changes.ts";

/** How to apply. */
export interface ApplyRequest {
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly skipConflicts: boolean;
  readonly includeProtected: boolean;
  readonly umask: number;
}

/** What one path was done. */
export interface AppliedPath {
  readonly path: string;
  readonly did: "added" | "changed" | "merged" | "deleted" | "made folder" | "removed folder";
}

/** What an apply did, or would do. */
export interface ApplyReport {
  readonly dir: string;
  /** An earlier apply that had been cut off was finished first: so many paths. */
  readonly finished: number;
  readonly applied: readonly AppliedPath[];
  readonly conflicts: readonly ApplyReason[];
  readonly left: readonly ApplyReason[];
  readonly hidden: readonly string[];
}

/**
 * Brings what an agent changed in the copy into the person's folder: everything, or nothing when something conflicts. Killed
 * at any moment, the next call finishes it; called again, it has nothing to do.
 */
export async function applyCopy(tools: CopyTools, name: CopyName, request: ApplyRequest): Promise<ApplyReport> {
  using copy = openCopy(tools, name);
  const { dir } = copy.baseline;
  using lock = await tools.host.lock(`apply-${createHash("sha256").update(dir).digest("hex").slice(0, 32)}`);
  if (lock === undefined) throw copyFailure("apply_busy", { dir });
  const cutOff = request.dryRun ? undefined : await carryOut(tools.host, copy.store, copy.paths);
  const { plan, snapshot } = await planNow(tools, copy, request);
  const conflicts = plan.conflicts.map(toReadable);
  const report = {
    dir,
    finished: cutOff?.done ?? 0,
    applied: describe(plan),
    conflicts,
    left: plan.left.map(toReadable),
    hidden: snapshot.hidden.map(readable),
  };
  if (request.dryRun) return report;
  if (conflicts.length > 0 && !request.skipConflicts)
    throw copyFailure("apply_conflicts", { slug: name.slug, conflicts });
  const changes = await unapplied(copy.store, snapshot);
  if (plan.acts.length + plan.already.length + plan.makeFolders.length + plan.dropFolders.length === 0) return report;
  await stageApply(tools.host, copy.store, copy.paths, {
    plan,
    dir,
    slug: name.slug,
    from: snapshot.applied,
    changes,
    folders: snapshot.folders,
    umask: request.umask,
  });
  const carried = await carryOut(tools.host, copy.store, copy.paths);
  const missed = (carried?.missed ?? []).map(toReadable);
  const untouched = new Set(missed.map(({ path }) => path));
  const applied = report.applied.filter(({ path }) => !untouched.has(path));
  return { ...report, applied, conflicts: [...conflicts, ...missed] };
}

/** How many changes are in the copy alone. What ignoring rules hide counts as none. */
export async function countUnapplied(tools: CopyTools, name: CopyName): Promise<number> {
  using copy = openCopy(tools, name);
  using top = tools.host.hold(copy.baseline.dir, []);
  const options = { all: false, includeProtected: false };
  if (top === undefined)
    return (await unapplied(copy.scratchStore, await copy.snapshot(copy.scratchStore, false))).length;
  const { plan } = await planNow(tools, { ...copy, store: copy.scratchStore }, options);
  return plan.acts.length + plan.conflicts.length + plan.left.length;
}

async function planNow(
  tools: CopyTools,
  copy: Omit<OpenCopy, typeof Symbol.dispose>,
  request: { readonly all: boolean; readonly includeProtected: boolean },
): Promise<{ readonly plan: ApplyPlan; readonly snapshot: Snapshot }> {
  const { dir } = copy.baseline;
  using top = tools.host.hold(dir, []);
  if (top === undefined) throw copyFailure("apply_folder_missing", { dir });
  const snapshot = await copy.snapshot(copy.store, request.all);
  const changes = await unapplied(copy.store, snapshot);
  const { includeProtected } = request;
  const given = {
    dir,
    top,
    changes,
    snapshot,
    protected: copy.baseline.protected,
    folders: copy.baseline.folders,
    includeProtected,
  };
  return { plan: await planApply(tools.host, copy.store, given), snapshot };
}

function describe({ acts, makeFolders, dropFolders }: ApplyPlan): readonly AppliedPath[] {
  const done = acts.map(({ path, before, after, merged }): AppliedPath => {
    const did = merged ? "merged" : after === undefined ? "deleted" : before === undefined ? "added" : "changed";
    return { path: readable(path), did };
  });
  const folders = (paths: readonly string[], did: AppliedPath["did"]) =>
    paths.map((path) => ({ path: readable(path), did }));
  return [...done, ...folders(makeFolders, "made folder"), ...folders(dropFolders, "removed folder")];
}

const readable = (path: string) => Buffer.from(path, "latin1").toString();
const toReadable = ({ path, reason }: ApplyReason): ApplyReason => ({ path: readable(path), reason: readable(reason) });

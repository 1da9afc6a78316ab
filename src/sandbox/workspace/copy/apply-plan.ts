import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { removeTree } from "../../../host/process/remove-tree.ts";
import { appliedName } from "./baseline.ts";
import type { copyPaths } from "./copy-paths.ts";
import { copyFailure } from "./errors.ts";
import { blobId, readContent, readFingerprint } from "./file-content.ts";
import type { GitStore, TreeChange, TreeEdit, TreeState } from "./git-store.ts";
import { makeFolders } from "./make-folders.ts";
import { type ApplyPlan, type ApplyReason, isSame } from "./plan-apply.ts";
import type { HeldTree, TreeHost } from "./tree-host.ts";

/** An apply on disk: complete from the moment that it has its name, so that any later start can carry it out. */
interface StagedApply {
  readonly dir: string;
  readonly slug: string;
  /** What earlier applies came to, and what of this one is then true as well. */
  readonly from: string;
  readonly known: readonly { readonly path: string; readonly after: TreeState | undefined }[];
  readonly acts: readonly {
    readonly path: string;
    readonly before: TreeState | undefined;
    readonly after: TreeState | undefined;
    readonly staged?: string;
    readonly mode: number;
  }[];
  readonly makeFolders: readonly string[];
  readonly dropFolders: readonly string[];
  /** Folders of the copy: others may go when nothing is left in them. */
  readonly folders: readonly string[];
}

type Paths = ReturnType<typeof copyPaths>;

/** Writes down all that an apply is to do, and every content that it needs; nothing of the person's is touched. */
export async function stageApply(
  host: TreeHost,
  store: GitStore,
  paths: Paths,
  given: {
    readonly plan: ApplyPlan;
    readonly dir: string;
    readonly slug: string;
    /** What earlier applies came to. */
    readonly from: string;
    readonly changes: readonly TreeChange[];
    readonly folders: ReadonlySet<string>;
    readonly umask: number;
  },
): Promise<void> {
  removeTree(paths.apply);
  mkdirSync(paths.apply, { mode: 0o700 });
  using staging = host.hold(paths.apply, []);
  using tree = host.hold(paths.tree, []);
  if (!staging || !tree) throw copyFailure("copy_changed", { path: "the copy" });
  const acts: StagedApply["acts"][number][] = [];
  for (const [index, { path, before, after, merged }] of given.plan.acts.entries()) {
    const staged = `${index}`;
    if (after === undefined) {
      acts.push({ path, before, after, mode: 0 });
      continue;
    }
    const bytes = merged ?? (await store.blob(after.oid));
    const large = readFingerprint(bytes);
    if (large === undefined) host.writeFile(staging, staged, bytes, 0o600);
    else await stageLarge(path, staged, large);
    host.sync(staging, staged);
    acts.push({ path, before, after, staged, mode: (after.mode === "100755" ? 0o777 : 0o666) & ~given.umask });
  }
  const settled = new Set([...given.plan.acts.map(({ path }) => path), ...given.plan.already]);
  const whole: StagedApply = {
    dir: given.dir,
    slug: given.slug,
    from: given.from,
    known: given.changes.filter(({ path }) => settled.has(path)).map(({ path, after }) => ({ path, after })),
    acts,
    makeFolders: given.plan.makeFolders,
    dropFolders: given.plan.dropFolders,
    folders: [...given.folders],
  };
  writeFileSync(`${paths.applyPlan}.new`, JSON.stringify(whole), { mode: 0o600, flush: true });
  renameSync(`${paths.applyPlan}.new`, paths.applyPlan);
  host.sync(staging);

  async function stageLarge(path: string, staged: string, sha256: string): Promise<void> {
    const names = path.split("/");
    using dir = host.hold(tree as HeldTree, names.slice(0, -1));
    const copied = dir && host.copyFile(dir, names.at(-1) ?? "", staging as HeldTree, staged);
    const digest = copied ? await host.digest(staging as HeldTree, staged) : undefined;
    if (digest?.sha256 !== sha256) throw copyFailure("copy_changed", { path });
  }
}

/**
 * Carries out the apply that lies on disk, if one does; what of it is done already is left as it is, so that it may be
 * called again after any death. Returns what was changed under it and so was not touched; undefined = there was none.
 */
export async function carryOut(
  host: TreeHost,
  store: GitStore,
  paths: Paths,
): Promise<{ readonly done: number; readonly missed: readonly ApplyReason[] } | undefined> {
  if (!existsSync(paths.applyPlan)) {
    removeTree(paths.apply); // Staging that was cut off: nothing of it was meant yet.
    return undefined;
  }
  const staged = JSON.parse(readFileSync(paths.applyPlan, "utf8")) as StagedApply;
  using top = host.hold(staged.dir, []);
  if (top === undefined) throw copyFailure("apply_folder_missing", { dir: staged.dir });
  const missed: ApplyReason[] = [];
  const folders = new Set(staged.folders);
  const deletions = staged.acts.filter(({ after }) => after === undefined);
  for (const act of deletions) if (!(await remove(act))) missed.push(changedMeanwhile(act.path));
  for (const act of staged.acts)
    if (act.after !== undefined && !(await put(act))) missed.push(changedMeanwhile(act.path));
  for (const path of [...staged.dropFolders].sort().reverse()) dropFolder(path);
  for (const path of staged.makeFolders) makeFolders(host, top, path.split("/"), 0o777)?.[Symbol.dispose]();
  const untouched = new Set(missed.map(({ path }) => path));
  await store.commit(appliedName, staged.from, knownEdits());
  renameSync(paths.applyPlan, join(paths.apply, "done.json"));
  removeTree(paths.apply);
  return { done: staged.acts.length - missed.length, missed };

  async function* knownEdits(): AsyncGenerator<TreeEdit> {
    const known = staged.known.filter(({ path }) => !untouched.has(path));
    for (const { path, after } of known) if (after === undefined) yield { path, gone: true };
    for (const { path, after } of known) if (after !== undefined) yield { path, ...after };
  }

  async function stateOf(dir: HeldTree, name: string): Promise<TreeState | "folder" | "other" | undefined> {
    const look = host.look(dir, name);
    if (look === undefined) return undefined;
    if (look.kind === "folder") return "folder";
    const content = await readContent(host, dir, name, look);
    return content ? { mode: content.mode, oid: blobId(content.bytes) } : "other";
  }

  async function remove({ path, before }: StagedApply["acts"][number]): Promise<boolean> {
    using dir = host.hold(top as HeldTree, parentsOf(path));
    const state = dir && (await stateOf(dir, basename(path)));
    if (typeof state === "string") return state === "folder"; // Ours, put there before a death.
    if (dir !== undefined && state !== undefined) {
      if (!isSame(state, before)) return false;
      host.removeFile(dir, basename(path));
      host.sync(dir);
    }
    // Also when it was gone already: a death may have come before its folders went.
    for (let at = dirname(path); at !== "." && !folders.has(at); at = dirname(at)) if (!dropFolder(at)) break;
    return true;
  }

  /** Removes a folder when nothing is in it; false when it stays. */
  function dropFolder(path: string): boolean {
    using outer = host.hold(top as HeldTree, parentsOf(path));
    if (outer === undefined || host.look(outer, basename(path)) === undefined) return true;
    return host.removeFolder(outer, basename(path));
  }

  async function put({ path, before, after, staged: source, mode }: StagedApply["acts"][number]): Promise<boolean> {
    using dir = makeFolders(host, top as HeldTree, parentsOf(path), 0o777);
    using from = host.hold(paths.apply, []);
    if (dir === undefined || from === undefined || after === undefined || source === undefined) return false;
    const name = basename(path);
    const waiting = `.caisson-apply.${staged.slug}`;
    host.removeFile(dir, waiting); // Of an earlier attempt that died.
    const state = await stateOf(dir, name);
    if (state === "folder" && !host.removeFolder(dir, name)) return false;
    if (state === "other") return false;
    const there = state === "folder" ? undefined : state;
    if (isSame(there, after)) return true;
    if (!isSame(there, before)) return false;
    if (after.mode === "120000") {
      const text = host.read(from, source, 8192);
      host.makeLink(Buffer.isBuffer(text) ? text.toString("latin1") : "", dir, waiting);
    } else {
      host.copyFile(from, source, dir, waiting);
      // A file that is there keeps its mode, but for what running it needs.
      const own = before === undefined || before.mode === "120000" ? undefined : host.look(dir, name)?.mode;
      host.setMode(dir, waiting, own === undefined ? mode : withExecution(own, after.mode === "100755"));
      host.sync(dir, waiting);
    }
    host.rename(dir, waiting, name);
    host.sync(dir);
    return true;
  }
}

const changedMeanwhile = (path: string): ApplyReason => ({ path, reason: "changed here while it was applied" });
const parentsOf = (path: string) => path.split("/").slice(0, -1);

/** May be run by whoever may read it, or by nobody. Never with the rights of its owner. */
const withExecution = (mode: number, runs: boolean): number =>
  runs ? (mode & 0o777) | ((mode & 0o444) >> 2) : mode & 0o666;

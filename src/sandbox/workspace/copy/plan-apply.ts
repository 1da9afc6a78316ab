import { blobId, readContent, readFingerprint } from "./file-content.ts";
import type { GitStore, TreeChange, TreeState } from "./git-store.ts";
import { leadsOut, protectedReason } from "./guard-changes.ts";
import { mergeText } from "./merge-text.ts";
import type { Snapshot } from "./read-changes.ts";
import type { HeldTree, TreeHost } from "./tree-host.ts";

/** What one path becomes. `bytes` = a content that lies nowhere yet: the outcome of a merge. */
export interface ApplyAct {
  readonly path: string;
  readonly before: TreeState | undefined;
  readonly after: TreeState | undefined;
  readonly merged?: Buffer;
}

/** A path with why it is as it is. */
export interface ApplyReason {
  readonly path: string;
  readonly reason: string;
}

/** All that an apply would do. */
export interface ApplyPlan {
  readonly acts: readonly ApplyAct[];
  /** Changed on both sides, in ways that do not go together. */
  readonly conflicts: readonly ApplyReason[];
  /** Left out: it could act on the host, or leads out of the folder. */
  readonly left: readonly ApplyReason[];
  /** There already as the agent left it. */
  readonly already: readonly string[];
  /** Folders with nothing in them, which no tree of git knows. */
  readonly makeFolders: readonly string[];
  readonly dropFolders: readonly string[];
}

/** What a path of the person's folder is now. */
type HostState =
  | { readonly is: "nothing" }
  | { readonly is: "content"; readonly state: TreeState; readonly bytes: Buffer }
  | { readonly is: "folder" | "in the way" };

/** Holds each change against the person's folder as it is now; changes nothing. */
export async function planApply(
  host: TreeHost,
  store: GitStore,
  given: {
    readonly dir: string;
    readonly top: HeldTree;
    readonly changes: readonly TreeChange[];
    readonly snapshot: Snapshot;
    readonly protected: readonly string[];
    /** Folders that were there when the copy was made. */
    readonly folders: readonly string[];
    readonly includeProtected: boolean;
  },
): Promise<ApplyPlan> {
  const { top, changes, snapshot } = given;
  const going = new Set(changes.filter(({ after }) => after === undefined).map(({ path }) => path));
  const acts: ApplyAct[] = [];
  const conflicts: ApplyReason[] = [];
  const left: ApplyReason[] = [];
  const already: string[] = [];
  for (const change of changes) {
    const { path, before, after } = change;
    const reason = given.includeProtected ? undefined : refuse(change);
    if (reason !== undefined) {
      left.push({ path, reason });
      continue;
    }
    const now = await lookAt(path);
    const state = now.is === "content" ? now.state : undefined;
    const isHere = now.is === "content" || now.is === "nothing";
    if (isHere && isSame(state, after)) already.push(path);
    else if (isHere && isSame(state, before)) acts.push({ path, before, after });
    else if (now.is === "folder" && before === undefined && isEmptied(path)) acts.push({ path, before, after });
    else {
      const merged = now.is === "content" ? await merge(change, now) : undefined;
      if (merged) acts.push({ path, before: now.is === "content" ? now.state : undefined, ...merged });
      else conflicts.push({ path, reason: conflictText(change, now) });
    }
  }
  const mayBe = (path: string) => protectedReason(path, given.protected) === undefined;
  const makeFolders = snapshot.emptyFolders.filter((path) => mayBe(path) && isMissing(path));
  const dropFolders = given.folders.filter((path) => !snapshot.folders.has(path) && mayBe(path) && holdsFolders(path));
  return { acts, conflicts, left, already, makeFolders, dropFolders };

  function refuse({ path, after }: TreeChange): string | undefined {
    const reason = protectedReason(path, given.protected);
    if (reason !== undefined) return reason;
    if (after?.mode !== "120000" || !leadsOut(given.dir, path, snapshot.links)) return undefined;
    return "a link that leads out of the folder";
  }

  async function lookAt(path: string): Promise<HostState> {
    const names = path.split("/");
    for (let n = 1; n < names.length; n += 1) {
      using outer = host.hold(top, names.slice(0, n - 1));
      const look = outer && host.look(outer, names[n - 1] ?? "");
      if (look === undefined) return { is: "nothing" };
      // Where a file or link goes that the agent made a folder of, there will be room.
      if (look.kind !== "folder") return { is: going.has(names.slice(0, n).join("/")) ? "nothing" : "in the way" };
    }
    using dir = host.hold(top, names.slice(0, -1));
    const name = names.at(-1) ?? "";
    const look = dir && host.look(dir, name);
    if (dir === undefined || look === undefined) return { is: "nothing" };
    if (look.kind === "folder") return { is: "folder" };
    const content = await readContent(host, dir, name, look);
    if (content === undefined) return { is: "in the way" };
    return { is: "content", state: { mode: content.mode, oid: blobId(content.bytes) }, bytes: content.bytes };
  }

  /** Whether everything in a folder of the person's goes, so that something else may take its place. */
  function isEmptied(path: string): boolean {
    return hasOnly(path, (child) => going.has(child));
  }

  function holdsFolders(path: string): boolean {
    return hasOnly(path, () => false);
  }

  /** Whether a folder is there, and holds folders and such files alone. */
  function hasOnly(path: string, isSuch: (child: string) => boolean): boolean {
    const visit = (dir: HeldTree, within: string): boolean =>
      host.list(dir).every((name) => {
        const child = `${within}/${name}`;
        if (host.look(dir, name)?.kind !== "folder") return isSuch(child);
        using inner = host.hold(dir, [name]);
        return inner !== undefined && visit(inner, child);
      });
    using dir = host.hold(top, path.split("/"));
    return dir !== undefined && visit(dir, path);
  }

  async function merge({ before, after }: TreeChange, now: Extract<HostState, { is: "content" }>) {
    if (before === undefined || after === undefined) return undefined;
    if ([before, after, now.state].some(({ mode }) => mode === "120000")) return undefined;
    const [base, theirs] = [await store.blob(before.oid), await store.blob(after.oid)];
    if ([base, theirs, now.bytes].some((bytes) => readFingerprint(bytes) !== undefined)) return undefined;
    const merged = await mergeText(store, { base, ours: now.bytes, theirs });
    if (merged === undefined) return undefined;
    const mode = before.mode === after.mode ? now.state.mode : after.mode;
    return { after: { mode, oid: blobId(merged) }, merged };
  }

  function isMissing(path: string): boolean {
    const names = path.split("/");
    using dir = host.hold(top, names.slice(0, -1));
    return dir === undefined || host.look(dir, names.at(-1) ?? "") === undefined;
  }
}

export const isSame = (a: TreeState | undefined, b: TreeState | undefined): boolean =>
  a?.oid === b?.oid && a?.mode === b?.mode;

function conflictText({ before, after }: TreeChange, now: HostState): string {
  if (now.is === "folder") return "a folder stands there now";
  if (now.is === "in the way") return "something else stands there, or on the way to it";
  if (after === undefined) return "deleted inside, changed here";
  if (now.is === "nothing") return "changed inside, deleted here";
  return before === undefined ? "added on both sides" : "changed on both sides, in the same lines or not as text";
}

import { copyFailure } from "./errors.ts";
import type { HeldTree, TreeHost, TreeLook } from "./tree-host.ts";

const maxDepth = 200;
/** Never filled up by us: what the machine keeps in any case. */
const reserveBytes = 512 * 1024 ** 2;

/** How far copying is. */
export interface CopyProgress {
  files: number;
  bytes: number;
}

/** What a copy left out or changed, for the person. */
export interface CopyNote {
  readonly path: string;
  readonly detail: string;
}

/** What copying is told. */
export interface CopyOptions {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** To whom everything in the copy is given; it stays ours when not said. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  progress(so: Readonly<CopyProgress>): void;
  /** Another content for a file, where it must not be copied as it is; undefined = as it is. */
  rewrite(path: string, read: () => Buffer | undefined): Promise<Buffer | undefined>;
}

/**
 * Copies a tree: modes and times kept, links as links, blocks shared where the file system can. Follows no link. What is
 * neither file, folder nor link is left out and noted, as is what cannot be read.
 */
export async function copyTreeWhole(
  host: TreeHost,
  folders: { readonly from: HeldTree; readonly to: HeldTree; readonly name: string },
  options: CopyOptions,
): Promise<{ readonly files: number; readonly bytes: number; readonly notes: readonly CopyNote[] }> {
  const notes: CopyNote[] = [];
  const done = { files: 0, bytes: 0 };
  const room = Math.max(0, host.freeBytes(folders.to.path) - reserveBytes);
  const tooLarge = (limit: string) => copyFailure("copy_too_large", { dir: folders.name, limit, bytes: done.bytes });

  const copyOne = async (from: HeldTree, to: HeldTree, name: string, path: string, look: TreeLook) => {
    done.bytes += Math.max(look.size, 4096);
    if (done.bytes > options.maxBytes) throw tooLarge("the limit of disk");
    if (done.bytes > room) throw tooLarge("the room on this disk");
    const other = await options.rewrite(path, () => asBytes(host.read(from, name, 1024 ** 2)));
    if (other !== undefined) host.writeFile(to, name, other, look.mode & 0o777);
    else if (!host.copyFile(from, name, to, name)) {
      notes.push({ path, detail: "it cannot be read: left out of the copy" });
      return;
    } else host.setMode(to, name, look.mode & 0o777);
    host.setTime(to, name, look.mtimeMs);
  };
  const copyFolder = async (from: HeldTree, to: HeldTree, within: string, depth: number): Promise<void> => {
    if (depth > maxDepth) throw copyFailure("tree_too_deep", { depth: maxDepth });
    for (const name of host.list(from)) {
      const path = within === "" ? name : `${within}/${name}`;
      const look = host.look(from, name);
      if (look === undefined || isGitLock(path)) continue;
      done.files += 1;
      if (done.files % 64 === 0) {
        options.progress(done);
        await host.breathe();
        options.signal.throwIfAborted();
      }
      if (look.kind === "file") await copyOne(from, to, name, path, look);
      else if (look.kind === "link") {
        const target = host.readLink(from, name);
        if (target !== undefined) host.makeLink(target, to, name);
      } else if (look.kind === "folder") {
        using source = host.hold(from, [name]);
        host.makeFolder(to, name, 0o700);
        using target = host.hold(to, [name]);
        if (source && target && (look.mode & 0o400) !== 0) await copyFolder(source, target, path, depth + 1);
        else notes.push({ path, detail: "the folder cannot be read: it is empty in the copy" });
        // What we could not write into would be no use to the agent, nor could it be removed.
        host.setMode(to, name, (look.mode & 0o777) | 0o700);
        host.setTime(to, name, look.mtimeMs);
      } else notes.push({ path, detail: "it is a device, pipe or socket: left out of the copy" });
      if (options.owner && host.look(to, name) !== undefined) host.setOwner(to, name, options.owner);
    }
  };
  await copyFolder(folders.from, folders.to, "", 0);
  return { ...done, notes };
}

/** A lock of a git that runs right now would stay for ever in the copy. */
const isGitLock = (path: string) => /(^|\/)\.git\/([^/]+\/)*[^/]+\.lock$/.test(path);
const asBytes = (read: Buffer | "large" | undefined) => (read === "large" ? undefined : read);

/** What lies at a name, itself: a link is a link, wherever it leads. */
export interface TreeLook {
  readonly kind: "file" | "folder" | "link" | "other";
  readonly mode: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
}

/** A folder that is held open: `path` leads to that very folder, whatever is moved or linked to where it was. */
export interface HeldTree extends Disposable {
  readonly path: string;
}

/**
 * What copying, comparing and applying do to trees. Names are bytes, one character each (latin1), for a name need not be
 * UTF-8. Everything is reached through a held folder and one name below it; no link is ever followed.
 */
export interface TreeHost {
  /** Opens a folder; undefined when there is none, or a link or a file stands on the way. */
  hold(at: string | HeldTree, names: readonly string[]): HeldTree | undefined;
  list(dir: HeldTree): readonly string[];
  look(dir: HeldTree, name: string): TreeLook | undefined;
  readLink(dir: HeldTree, name: string): string | undefined;
  /** Content of a regular file; undefined when it is none or cannot be read, `large` when it has more bytes. */
  read(dir: HeldTree, name: string, maxBytes: number): Buffer | "large" | undefined;
  /** SHA-256 of a regular file of any size, and that size; undefined when it is none. */
  digest(dir: HeldTree, name: string): Promise<{ readonly sha256: string; readonly bytes: number } | undefined>;

  /** Copies a regular file to where nothing is, sharing its blocks where the file system can; false when it cannot be read. */
  copyFile(from: HeldTree, name: string, to: HeldTree, newName: string): boolean;
  writeFile(dir: HeldTree, name: string, bytes: Uint8Array, mode: number): void;
  makeFolder(dir: HeldTree, name: string, mode: number): void;
  makeLink(target: string, dir: HeldTree, name: string): void;
  setMode(dir: HeldTree, name: string, mode: number): void;
  setOwner(dir: HeldTree, name: string, owner: { readonly uid: number; readonly gid: number }): void;
  setTime(dir: HeldTree, name: string, mtimeMs: number): void;
  /** Moves over whatever file lies there, within one folder. */
  rename(dir: HeldTree, name: string, newName: string): void;
  removeFile(dir: HeldTree, name: string): void;
  /** Removes an empty folder; false when something is in it, or it is none. */
  removeFolder(dir: HeldTree, name: string): boolean;
  /** Brings what was written in this folder to the disk. */
  sync(dir: HeldTree, name?: string): void;

  /** Free bytes of the file system that holds this folder. */
  freeBytes(path: string): number;
  /** Lets everything else of this process go on. */
  breathe(): Promise<void>;
  /** Holds a name that only one process of this machine can have; undefined while another has it. */
  lock(name: string): Promise<Disposable | undefined>;
}

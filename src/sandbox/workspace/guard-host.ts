/** What a path is, itself: a link is a link, wherever it leads. */
export interface Look {
  readonly kind: "file" | "folder" | "link" | "other";
  readonly dev: number;
  readonly ino: number;
  readonly links: number;
  readonly uid: number;
  readonly mode: number;
  readonly size: number;
  readonly ctimeMs: number;
}

/** A file of a place that an agent writes to. `refused` says why it was not read: a link, a pipe, too large. */
export type UntrustedFile =
  | { readonly is: "absent" }
  | { readonly is: "refused"; readonly reason: string }
  | { readonly is: "file"; readonly bytes: Buffer; readonly mode: number; readonly mtimeMs: number };

/** A folder that is held open: its path leads to that very folder, whatever is moved or linked to where it was. */
export interface HeldFolder extends Disposable {
  readonly path: string;
  readonly ino: number;
}

/** How git ended. Never rejects for an exit code. */
export interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/**
 * What the guard does to the machine. Looks never throw for a path that is missing. Every path is absolute; where an agent
 * could have put links into it, it is given as a folder that we own and names below it, none of which is followed.
 */
export interface GuardHost {
  look(path: string): Look | undefined;
  /** What a folder holds; nothing when it is missing, or is a link to one. */
  list(path: string): readonly { readonly name: string; readonly kind: Look["kind"] }[];
  /** Text of a link, or undefined when it is not one. */
  readLink(path: string): string | undefined;
  /** The path without links, or undefined when it does not exist. */
  realPath(path: string): string | undefined;
  /** Reads a file that only we write; undefined when it is not there. */
  readOwn(path: string): Buffer | undefined;
  /** Opens a folder, following no link on the way; undefined when there is none. */
  holdFolder(root: string, names: readonly string[]): HeldFolder | undefined;
  /** Reads a file that an agent may have made, without following any link below `folder`. */
  readUntrusted(folder: string, names: readonly string[], maxBytes: number): UntrustedFile;

  /** The acts. Each is one step that a death can come before or after. */
  makeFolder(path: string, mode: number): void;
  /** Removes an empty folder. A folder that is not there is `true`, one with something in it stays and is `false`. */
  removeFolder(path: string): boolean;
  /** Writes a file of ours. `mtimeMs`: git tells by the time of an index which entries it must look at again. */
  writeFile(
    path: string,
    bytes: Uint8Array | string,
    options: { readonly mode: number; readonly mtimeMs?: number },
  ): void;
  /** Writes a file where nothing is, not even a link. */
  writeNewFile(path: string, bytes: Uint8Array | string, mode: number): void;
  /** Copies one file with its mode and time to where nothing is. */
  copyFile(path: string, newPath: string): void;
  appendLine(path: string, line: string): void;
  /** Gives a file a second name; false when that name is taken. */
  linkFile(path: string, newPath: string): boolean;
  makeLink(target: string, path: string): void;
  /** Moves a file or folder over whatever may lie there, within one file system. */
  move(path: string, newPath: string): void;
  /** The same; false when the two are on different file systems. */
  tryMove(path: string, newPath: string): boolean;
  removeFile(path: string): void;
  removeTree(path: string): void;

  /** Runs git in an environment where nothing but its arguments configures it. */
  git(args: readonly string[], options?: GitOptions): Promise<GitAnswer>;
  now(): number;
  pause(milliseconds: number): Promise<void>;
  /** Runs `act` while no other process of this machine holds the same name; undefined when that cannot be had in time. */
  exclusively<T>(name: string, act: () => T): Promise<{ readonly value: T } | undefined>;
  /** Lets every process of this machine, of whatever user, find a name until it is disposed of or this process has ended. */
  announce(name: string): Promise<Disposable>;
  /** The names that begin so and are announced right now. */
  announced(start: string): readonly string[];
}

export interface GitOptions {
  readonly input?: Uint8Array;
  readonly environment?: Readonly<Record<string, string>>;
}

import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statfsSync } from "node:fs";

/** Room on a file system, as an ordinary user may use it. */
export interface FileSystemSpace {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly freeFiles: number;
}

/** Read-only looks at the file system. No method throws: what cannot be seen is not there. */
export interface FileFacts {
  /** Kind of what lies at the path itself; a link is not followed. */
  kindOf(path: string): "file" | "dir" | "link" | "other" | undefined;
  linkTarget(path: string): string | undefined;
  /** The path without any link in it. */
  realPath(path: string): string | undefined;
  names(dir: string): readonly string[];
  text(path: string): string | undefined;
  /** How full the path's file system is. */
  spaceOf(path: string): FileSystemSpace | undefined;
}

/** The real file system. */
export const fileFacts: FileFacts = {
  kindOf: (path) => {
    const stat = attempt(() => lstatSync(path, { throwIfNoEntry: false }));
    if (stat === undefined) return undefined;
    if (stat.isSymbolicLink()) return "link";
    if (stat.isDirectory()) return "dir";
    return stat.isFile() ? "file" : "other";
  },
  linkTarget: (path) => attempt(() => readlinkSync(path)),
  // The kernel's own way: Node's looks at every part of a path.
  realPath: (path) => attempt(() => realpathSync.native(path)),
  names: (dir) => attempt(() => readdirSync(dir)) ?? [],
  spaceOf: (path) =>
    attempt(() => {
      const { bsize, blocks, bavail, ffree } = statfsSync(path);
      return { totalBytes: bsize * blocks, freeBytes: bsize * bavail, freeFiles: ffree };
    }),
  text: (path) => attempt(() => readFileSync(path, "utf8")),
};

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

import { lstatSync, readdirSync, readlinkSync, realpathSync } from "node:fs";

/** Read-only looks at the file system. No method throws: what cannot be seen is not there. */
export interface FileFacts {
  /** Kind of what lies at the path itself; a link is not followed. */
  kindOf(path: string): "file" | "dir" | "link" | "other" | undefined;
  linkTarget(path: string): string | undefined;
  /** The path without any link in it. */
  realPath(path: string): string | undefined;
  names(dir: string): readonly string[];
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
  realPath: (path) => attempt(() => realpathSync(path)),
  names: (dir) => attempt(() => readdirSync(dir)) ?? [],
};

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

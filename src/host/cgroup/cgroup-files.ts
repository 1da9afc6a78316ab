import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";

/** The kernel's cgroup tree as files. */
export interface CgroupFiles {
  /** Makes a group; false when we may not, or it is there already. */
  make(dir: string): boolean;
  /** Removes a group; true when it is gone. */
  remove(dir: string): boolean;
  /** Whether a process of ours may move there: in version 2 that also depends on the groups above. */
  canJoin(dir: string): boolean;
  read(path: string): string | undefined;
  /** Writes a setting; false when it is not there or refused. */
  write(path: string, value: string): boolean;
}

/** The real tree. */
export const cgroupFiles: CgroupFiles = {
  make: (dir) => attempt(() => mkdirSync(dir)),
  remove: (dir) => {
    try {
      rmdirSync(dir);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ENOENT";
    }
  },
  canJoin: (dir) =>
    process.getuid?.() === 0 ||
    spawnSync("/bin/sh", ["-c", 'echo 0 >"$1/cgroup.procs"', "sh", dir], { stdio: "ignore", env: {} }).status === 0,
  read: (path) => {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  },
  // The file is never made: outside of a real tree that would only pretend to set something.
  write: (path, value) => attempt(() => writeFileSync(path, value, { flag: "r+" })),
};

function attempt(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

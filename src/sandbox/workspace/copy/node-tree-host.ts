import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { createServer } from "node:net";
import type { HeldTree, TreeHost, TreeLook } from "./tree-host.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, COPYFILE_EXCL, COPYFILE_FICLONE } = fs.constants;
/** A handle that needs no right to read the folder; Node has no name for it. */
const O_PATH = 0o10000000;
const folderFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW;
const fileFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK; // Else a pipe would hang us.
const chunkBytes = 1024 ** 2;

/** The effects of workspace copies on this machine. */
export function createTreeHost(): TreeHost {
  return {
    hold,
    list: (dir) => maybe(() => fs.readdirSync(dir.path, { encoding: "latin1" })) ?? [],
    look,
    readLink: (dir, name) => maybe(() => fs.readlinkSync(at(dir, name), { encoding: "latin1" })),
    read: (dir, name, maxBytes) => withFile(dir, name, (fd, stat) => readBounded(fd, stat, maxBytes)),
    digest,
    copyFile,
    writeFile: (dir, name, bytes, mode) => {
      fs.writeFileSync(at(dir, name), bytes, { mode, flag: "wx" });
      fs.chmodSync(at(dir, name), mode); // Whatever the umask says.
    },
    makeFolder: (dir, name, mode) => fs.mkdirSync(at(dir, name), { mode }),
    makeLink: (target, dir, name) => fs.symlinkSync(Buffer.from(target, "latin1"), at(dir, name)),
    setMode: (dir, name, mode) => fs.chmodSync(at(dir, name), mode),
    setOwner: (dir, name, { uid, gid }) => fs.lchownSync(at(dir, name), uid, gid),
    setTime: (dir, name, mtimeMs) => fs.lutimesSync(at(dir, name), mtimeMs / 1000, mtimeMs / 1000),
    rename: (dir, name, newName) => fs.renameSync(at(dir, name), at(dir, newName)),
    removeFile: (dir, name) => fs.rmSync(at(dir, name), { force: true }),
    removeFolder: (dir, name) => maybe(() => fs.rmdirSync(at(dir, name)) ?? true) ?? false,
    sync: (dir, name) => {
      const fd = fs.openSync(name === undefined ? `${dir.path}/.` : at(dir, name), O_RDONLY | O_NOFOLLOW);
      try {
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
    },
    freeBytes: (path) => {
      const { bavail, bsize } = fs.statfsSync(path);
      return bavail * bsize;
    },
    breathe: () => new Promise((resolve) => void setImmediate(resolve)),
    lock,
  };
}

const at = (dir: HeldTree, name: string) => Buffer.from(`${dir.path}/${name}`, "latin1");

function hold(root: string | HeldTree, names: readonly string[]): HeldTree | undefined {
  let fd: number | undefined;
  try {
    fd = fs.openSync(typeof root === "string" ? root : `${root.path}/.`, folderFlags);
    for (const name of names) {
      const next = fs.openSync(Buffer.from(`/proc/self/fd/${fd}/${name}`, "latin1"), folderFlags);
      fs.closeSync(fd);
      fd = next;
    }
  } catch (error) {
    if (fd !== undefined) fs.closeSync(fd);
    if (isExpected(error)) return undefined;
    throw error;
  }
  const held = fd;
  let isOpen = true; // A number that was closed soon stands for another file.
  return {
    path: `/proc/self/fd/${held}`,
    [Symbol.dispose]: () => {
      if (isOpen) fs.closeSync(held);
      isOpen = false;
    },
  };
}

function look(dir: HeldTree, name: string): TreeLook | undefined {
  const stat = maybe(() => fs.lstatSync(at(dir, name)));
  if (stat === undefined) return undefined;
  const { mtimeMs, ctimeMs, size, ino } = stat;
  return { kind: kindOf(stat), mode: stat.mode & 0o7777, size, mtimeMs, ctimeMs, ino };
}

function kindOf(stat: fs.Stats): TreeLook["kind"] {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "folder";
  return stat.isSymbolicLink() ? "link" : "other";
}

function withFile<T>(dir: HeldTree, name: string, use: (fd: number, stat: fs.Stats) => T): T | undefined {
  const fd = maybe(() => fs.openSync(at(dir, name), fileFlags));
  if (fd === undefined) return undefined;
  try {
    const stat = fs.fstatSync(fd);
    return stat.isFile() ? use(fd, stat) : undefined;
  } finally {
    fs.closeSync(fd);
  }
}

/** Bounded even if the file grows while it is read. */
function readBounded(fd: number, stat: fs.Stats, maxBytes: number): Buffer | "large" {
  if (stat.size > maxBytes) return "large";
  const bytes = Buffer.alloc(stat.size);
  let length = 0;
  while (length < bytes.length) {
    const read = fs.readSync(fd, bytes, length, bytes.length - length, length);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

async function digest(dir: HeldTree, name: string) {
  const fd = maybe(() => fs.openSync(at(dir, name), fileFlags));
  if (fd === undefined) return undefined;
  try {
    if (!fs.fstatSync(fd).isFile()) return undefined;
    const hash = createHash("sha256");
    const chunk = Buffer.alloc(chunkBytes);
    let bytes = 0;
    for (let read = -1; read !== 0; bytes += read) {
      read = fs.readSync(fd, chunk, 0, chunk.length, bytes);
      hash.update(chunk.subarray(0, read));
      await new Promise((resolve) => void setImmediate(resolve));
    }
    return { sha256: hash.digest("hex"), bytes };
  } finally {
    fs.closeSync(fd);
  }
}

function copyFile(from: HeldTree, name: string, to: HeldTree, newName: string): boolean {
  const copy = (fd: number) => {
    fs.copyFileSync(`/proc/self/fd/${fd}`, at(to, newName), COPYFILE_EXCL | COPYFILE_FICLONE);
    return true;
  };
  return withFile(from, name, copy) ?? false;
}

/** A listening socket in the abstract namespace: the kernel gives it back whatever ends us. */
function lock(name: string): Promise<Disposable | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen({ path: `\0caisson-${name}` }, () => {
      server.unref();
      resolve({ [Symbol.dispose]: () => void server.close() });
    });
  });
}

const expected: ReadonlySet<string> = new Set([
  ...["ENOENT", "ENOTDIR", "EINVAL", "EACCES", "EPERM", "ELOOP", "ENAMETOOLONG", "ENXIO", "ENOTEMPTY", "EEXIST"],
]);
const isExpected = (error: unknown) => expected.has((error as NodeJS.ErrnoException).code ?? "");

function maybe<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (isExpected(error)) return undefined;
    throw error;
  }
}

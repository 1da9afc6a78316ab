import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { createServer, type Server } from "node:net";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { removeTree } from "../../host/process/remove-tree.ts";
import type { ProgramsOutside } from "../../host/programs-outside.ts";
import { guardFailure } from "./errors.ts";
import type { GitAnswer, GitOptions, GuardHost, HeldFolder, Look, UntrustedFile } from "./guard-host.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;
/** A handle that needs no right to read the folder; Node has no name for it. */
const O_PATH = 0o10000000;
const folderFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW;
const held = "/proc/self/fd/";

/** The guard's effects on this machine. `programs` is where git is looked for: never in the workspace itself. */
export function createGuardHost(programs: ProgramsOutside): GuardHost {
  return {
    look,
    list,
    readLink: (target) => maybe(() => fs.readlinkSync(target)),
    realPath: (target) => maybe(() => fs.realpathSync.native(target)),
    readOwn: (target) => maybe(() => fs.readFileSync(target)),
    holdFolder,
    readUntrusted,
    makeFolder,
    removeFolder,
    writeFile: (target, bytes, { mode, mtimeMs }) => {
      fs.writeFileSync(target, bytes, { mode });
      fs.chmodSync(target, mode); // Whatever the umask says.
      if (mtimeMs !== undefined) fs.utimesSync(target, mtimeMs / 1000, mtimeMs / 1000);
    },
    writeNewFile: (target, bytes, mode) => fs.writeFileSync(target, bytes, { mode, flag: "wx" }),
    copyFile,
    appendLine: (target, line) => fs.appendFileSync(target, `${line}\n`, { mode: 0o600 }),
    linkFile,
    makeLink: (target, at) => fs.symlinkSync(target, at),
    move: (from, to) => fs.renameSync(from, to),
    tryMove,
    removeFile: (target) => fs.rmSync(target, { force: true }),
    removeTree: (target) => {
      // Programs that help to remove see our held folders under our process id.
      const left = removeTree(
        target.startsWith(held) ? `/proc/${process.pid}/fd/${target.slice(held.length)}` : target,
      );
      if (left !== undefined) throw new Error(`cannot remove ${left}`);
    },
    git: (args, options) => runGit(programs, args, options),
    now: () => Date.now(),
    pause: async (milliseconds) => {
      await pause(milliseconds);
    },
    exclusively,
    announce,
    announced,
  };
}

function look(path: string): Look | undefined {
  const stat = maybe(() => fs.lstatSync(path));
  return (
    stat && {
      kind: kindOf(stat),
      dev: stat.dev,
      ino: stat.ino,
      links: stat.nlink,
      uid: stat.uid,
      mode: stat.mode & 0o7777,
      size: stat.size,
      ctimeMs: stat.ctimeMs,
    }
  );
}

function list(path: string) {
  const fd = maybe(() => openBelow(path, [], O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (fd === undefined) return [];
  try {
    const entries = fs.readdirSync(`/proc/self/fd/${fd}`, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  } finally {
    fs.closeSync(fd);
  }
}

function kindOf(entry: fs.Stats | fs.Dirent): Look["kind"] {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  return entry.isSymbolicLink() ? "link" : "other";
}

function holdFolder(root: string, names: readonly string[]): HeldFolder | undefined {
  const fd = maybe(() => openBelow(root, names, folderFlags));
  if (fd === undefined) return undefined;
  let isOpen = true; // A number that was closed soon stands for another file.
  const dispose = () => {
    if (isOpen) fs.closeSync(fd);
    isOpen = false;
  };
  return { path: `${held}${fd}`, ino: fs.fstatSync(fd).ino, [Symbol.dispose]: dispose };
}

/** Opens what lies below a folder. A path through an open folder cannot be swapped under us. */
function openBelow(root: string, names: readonly string[], flags: number): number {
  let fd = root.startsWith(held) ? undefined : fs.openSync(root, names.length > 0 ? folderFlags : flags);
  let base = fd === undefined ? root : `${held}${fd}`;
  for (const [index, name] of names.entries()) {
    const outer = fd;
    try {
      fd = fs.openSync(`${base}/${name}`, index === names.length - 1 ? flags : folderFlags);
    } finally {
      if (outer !== undefined) fs.closeSync(outer);
    }
    base = `${held}${fd}`;
  }
  return fd ?? fs.openSync(`${root}/.`, flags);
}

function readUntrusted(folder: string, names: readonly string[], maxBytes: number): UntrustedFile {
  let fd: number | undefined;
  try {
    fd = openBelow(folder, names, O_RDONLY | O_NOFOLLOW | O_NONBLOCK); // Else a pipe would hang us.
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return { is: "refused", reason: "it is not a regular file" };
    if (stat.size > maxBytes) return { is: "refused", reason: `it is larger than ${maxBytes} bytes` };
    // Bounded even if it grows while it is read.
    const bytes = Buffer.alloc(stat.size);
    const read = fs.readSync(fd, bytes, 0, bytes.length, 0);
    return { is: "file", bytes: bytes.subarray(0, read), mode: stat.mode & 0o777, mtimeMs: Math.floor(stat.mtimeMs) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return { is: "absent" };
    if (code === "ELOOP" || code === "ENOTDIR") return { is: "refused", reason: "it is a link, or lies behind one" };
    return { is: "refused", reason: `it cannot be read (${code ?? "unknown"})` };
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function copyFile(path: string, newPath: string): void {
  fs.copyFileSync(path, newPath, fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE);
  const { mode, mtimeMs } = fs.statSync(path);
  fs.chmodSync(newPath, mode & 0o777);
  // Rounded down: an index that looks older makes git look closer, one that looks newer makes it miss changes.
  fs.utimesSync(newPath, Math.floor(mtimeMs) / 1000, Math.floor(mtimeMs) / 1000);
}

async function exclusively<T>(name: string, act: () => T): Promise<{ readonly value: T } | undefined> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const server = await listenAbstract(name);
    if (server) {
      try {
        return { value: act() };
      } finally {
        server.close();
      }
    }
    await pause(20);
  }
  return undefined;
}

async function announce(name: string): Promise<Disposable> {
  const server = await listenAbstract(name);
  server?.unref();
  // Taken: then it is announced already.
  return { [Symbol.dispose]: () => void server?.close() };
}

/** Sockets of the abstract namespace are listed for every user of the machine. */
function announced(start: string): readonly string[] {
  const lines = fs.readFileSync("/proc/net/unix", "latin1").split("\n");
  return lines.flatMap((line) => /@caisson-(.*)$/.exec(line)?.[1] ?? []).filter((name) => name.startsWith(start));
}

/** Takes a name by a listening socket in the abstract namespace: the kernel gives it back whatever ends us. None when it is taken. */
function listenAbstract(name: string): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen({ path: `\0caisson-${name}` }, () => resolve(server));
  });
}

function tryMove(path: string, newPath: string): boolean {
  try {
    fs.renameSync(path, newPath);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EXDEV") return false;
    throw error;
  }
}

/** One by one: of a whole path Node says no more than that it could not be made. */
function makeFolder(path: string, mode: number): void {
  if (isMade(path, mode)) return;
  makeFolder(dirname(path), mode);
  if (!isMade(path, mode)) throw new Error(`cannot make ${path}: what it lies in is gone`);
}

/** Whether it is there now; false when what it lies in is not. */
function isMade(path: string, mode: number): boolean {
  try {
    fs.mkdirSync(path, { mode });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    if (code === "EEXIST" && fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return true;
    throw error;
  }
}

function removeFolder(path: string): boolean {
  try {
    fs.rmdirSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}

function linkFile(path: string, newPath: string): boolean {
  try {
    fs.linkSync(path, newPath);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** What an agent can make of a path so that it cannot be looked at; a path that is too long is one that nobody walks into. */
const unseen: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EINVAL", "EACCES", "ELOOP", "ENAMETOOLONG"]);

function maybe<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== undefined && unseen.has(code)) return undefined;
    throw error;
  }
}

// What git reads here an agent may have written, and a megabyte of configuration can be made to print a hundred gigabytes.
const maxGitBytes = 256 * 1024 ** 2;
const maxGitSeconds = 60;
/** Address space, in kilobytes: an index is unpacked whole before the first line is printed. */
const boundedGit = 'ulimit -v 4194304; exec "$0" "$@"';

function runGit(programs: ProgramsOutside, args: readonly string[], options: GitOptions = {}): Promise<GitAnswer> {
  const git = programs.find("git");
  if (git === undefined) return Promise.reject(guardFailure("git_missing", undefined));
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", boundedGit, git, ...args], {
      timeout: maxGitSeconds * 1000,
      killSignal: "SIGKILL",
      cwd: "/",
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        PATH: programs.path,
        LC_ALL: "C",
        HOME: "/nonexistent",
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_ATTR_NOSYSTEM: "1",
        GIT_TERMINAL_PROMPT: "0",
        GIT_OPTIONAL_LOCKS: "0",
        GIT_CEILING_DIRECTORIES: "/",
        ...options.environment,
      },
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let size = 0;
    const keep = (chunks: Buffer[]) => (bytes: Buffer) => {
      size += bytes.length;
      if (size <= maxGitBytes) chunks.push(bytes);
      else child.kill("SIGKILL");
    };
    child.stdout.on("data", keep(out));
    child.stderr.on("data", keep(err));
    child.stdin.on("error", () => {}); // It may end before it has read all.
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 127) return reject(guardFailure("git_missing", undefined));
      resolve({ code: code ?? 128, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString().slice(0, 2000) });
    });
    child.stdin.end(options.input ?? "");
  });
}

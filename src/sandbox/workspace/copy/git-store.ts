import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import type { ProgramsOutside } from "../../../host/programs-outside.ts";
import { guardFailure } from "../errors.ts";
import { copyFailure } from "./errors.ts";

/** What a path is in a tree of the store; undefined = it is not there. */
export interface TreeState {
  readonly mode: "100644" | "100755" | "120000";
  readonly oid: string;
}

/** One path that differs between two trees. Paths are bytes, one character each. */
export interface TreeChange {
  readonly path: string;
  readonly before: TreeState | undefined;
  readonly after: TreeState | undefined;
}

/** One line of a new tree: content, content that is in the store already, or a path that goes. */
export type TreeEdit =
  | { readonly path: string; readonly mode: TreeState["mode"]; readonly bytes: Uint8Array }
  | { readonly path: string; readonly mode: TreeState["mode"]; readonly oid: string }
  | { readonly path: string; readonly gone: true };

/** How git ended. */
interface GitEnd {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/**
 * Git objects in a repository that only we write: no hook, no filter, no configuration and no attribute of anybody's tree
 * is in force. Its working tree is an empty folder.
 */
export interface GitStore {
  readonly dir: string;
  /** Makes a tree from another one and edits of it; returns its id. `name` becomes a reference that keeps it. */
  commit(name: string, from: string | undefined, edits: AsyncIterable<TreeEdit>): Promise<string>;
  resolve(name: string): Promise<string | undefined>;
  changes(before: string, after: string): Promise<readonly TreeChange[]>;
  blob(oid: string): Promise<Buffer>;
  /** Those of the paths that rules in this folder ignore. */
  ignored(rules: string, paths: readonly string[]): Promise<ReadonlySet<string>>;
  run(args: readonly string[], input?: Uint8Array): Promise<GitEnd>;
}

const attributes = "* !diff !merge !filter !working-tree-encoding -text -ident !whitespace !conflict-marker-size\n";
const config =
  "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tcompression = 1\n[gc]\n\tauto = 0\n[diff]\n\trenameLimit = 2000\n";

/** Makes an empty store, or one that stands on the objects of another. */
export function createStore(
  programs: ProgramsOutside,
  dir: string,
  given: { readonly exclude?: string; readonly on?: string } = {},
): GitStore {
  for (const folder of ["objects/info", "objects/pack", "refs", "info", "empty"])
    fs.mkdirSync(join(dir, folder), { recursive: true, mode: 0o700 });
  for (const [name, text] of [
    ["HEAD", "ref: refs/heads/none\n"],
    ["config", config],
    ["info/attributes", attributes],
    ["info/exclude", given.exclude ?? ""],
    ...(given.on === undefined ? [] : [["objects/info/alternates", `${join(given.on, "objects")}\n`]]),
  ] as const)
    fs.writeFileSync(join(dir, name), text, { mode: 0o600 });
  return openStore(programs, dir);
}

/** Opens a store; `programs` has the git that is run. */
export function openStore(programs: ProgramsOutside, dir: string): GitStore {
  const run = (args: readonly string[], input?: Uint8Array) => {
    const git = spawnGit(programs, dir, join(dir, "empty"), args);
    git.stdin.end(input ?? "");
    return git.ended;
  };
  const must = async (act: string, args: readonly string[], input?: Uint8Array) => {
    const { code, stdout, stderr } = await run(args, input);
    if (code !== 0) throw copyFailure("copy_git_failed", { act, detail: firstLine(stderr) });
    return stdout;
  };
  return {
    dir,
    run,
    commit: (name, from, edits) => importTree(programs, dir, { name, from, edits }),
    resolve: async (name) => {
      const { code, stdout } = await run(["rev-parse", "--verify", "--quiet", name]);
      return code === 0 ? stdout.toString().trim() : undefined;
    },
    changes: async (before, after) =>
      parseRaw(await must("compare trees", ["diff-tree", "-r", "-z", "--raw", "--no-renames", before, after])),
    blob: (oid) => must("read a file", ["cat-file", "blob", oid]),
    ignored: async (rules, paths) => {
      if (paths.length === 0) return new Set();
      // A path that begins with a colon would be taken for more than a path.
      const input = Buffer.from(paths.map((file) => `./${file}\0`).join(""), "latin1");
      const git = spawnGit(programs, dir, rules, ["check-ignore", "-z", "--stdin", "--no-index"]);
      git.stdin.end(input);
      const { code, stdout, stderr } = await git.ended;
      if (code > 1) throw copyFailure("copy_git_failed", { act: "read .gitignore", detail: firstLine(stderr) });
      return new Set(
        stdout
          .toString("latin1")
          .split("\0")
          .filter(Boolean)
          .map((file) => file.slice(2)),
      );
    },
  };
}

function spawnGit(programs: ProgramsOutside, dir: string, workTree: string, args: readonly string[]) {
  const hardened = [`--git-dir=${dir}`, `--work-tree=${workTree}`, "--no-pager"];
  const git = programs.locate("git");
  if (git === undefined) throw guardFailure("git_missing", undefined);
  const child = spawn(git, [...hardened, ...args], {
    cwd: workTree,
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: programs.path,
      LC_ALL: "C",
      HOME: "/nonexistent",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_ATTR_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0",
      GIT_NO_LAZY_FETCH: "1",
      GIT_ALLOW_PROTOCOL: "",
    },
  });
  const out: Buffer[] = [];
  let stderr = "";
  child.stdout.on("data", (bytes: Buffer) => void out.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => (stderr = (stderr + bytes.toString()).slice(0, 4000)));
  child.stdin.on("error", () => {}); // It may end before it has read all.
  const ended = new Promise<GitEnd>((resolve, reject) => {
    child.on("error", (cause) =>
      reject(copyFailure("copy_git_failed", { act: "compare the workspace", detail: "git is not on PATH" }, { cause })),
    );
    child.on("close", (code) => resolve({ code: code ?? 128, stdout: Buffer.concat(out), stderr }));
  });
  ended.catch(() => {}); // Seen by whoever awaits it.
  return { stdin: child.stdin, ended, kill: () => void child.kill("SIGKILL") };
}

const lineEnd = Buffer.from("\n");

interface NewTree {
  readonly name: string;
  readonly from: string | undefined;
  readonly edits: AsyncIterable<TreeEdit>;
}

async function importTree(programs: ProgramsOutside, dir: string, tree: NewTree): Promise<string> {
  const git = spawnGit(programs, dir, join(dir, "empty"), ["fast-import", "--quiet", "--force"]);
  try {
    await feedTree(git, tree);
  } catch (error) {
    // It would wait for the rest until we are gone, and then write what it has into a folder that was removed meanwhile.
    git.kill();
    await git.ended.catch(() => {});
    throw error;
  }
  const { code, stdout, stderr } = await git.ended;
  const id = stdout.toString().trim();
  if (code !== 0 || !/^[0-9a-f]{40,64}$/.test(id))
    throw copyFailure("copy_git_failed", { act: "remember the workspace", detail: firstLine(stderr) });
  return id;
}

async function feedTree({ stdin, ended }: Pick<ReturnType<typeof spawnGit>, "stdin" | "ended">, tree: NewTree) {
  let isOver = false;
  void ended.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  const write = async (bytes: string | Uint8Array) => {
    if (isOver || stdin.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes)) return;
    // A git that dies takes no more and says nothing: its end is told below.
    await new Promise<void>((resolve) => {
      const done = () => {
        stdin.off("drain", done).off("close", done);
        resolve();
      };
      stdin.on("drain", done).on("close", done);
    });
  };
  // A reference that is moved must not be what the tree starts from by itself.
  await write(`reset ${tree.name}\n\n`);
  await write(`commit ${tree.name}\nmark :1\ncommitter caisson <caisson> 0 +0000\ndata 0\n`);
  if (tree.from !== undefined) await write(`from ${tree.from}\n`);
  for await (const edit of tree.edits) {
    if ("gone" in edit) await write(`D ${quotePath(edit.path)}\n`);
    else if ("oid" in edit) await write(`M ${edit.mode} ${edit.oid} ${quotePath(edit.path)}\n`);
    else {
      const head = Buffer.from(`M ${edit.mode} inline ${quotePath(edit.path)}\ndata ${edit.bytes.length}\n`);
      await write(Buffer.concat([head, edit.bytes, lineEnd]));
    }
  }
  await write("\nget-mark :1\n");
  stdin.end();
}

/** A path as git's own commands read one that may hold any byte. */
function quotePath(path: string): string {
  const quoted = path.replace(/[^\x20-\x7e]|["\\]/g, (byte) => `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`);
  return `"${quoted}"`;
}

function parseRaw(output: Buffer): readonly TreeChange[] {
  const fields = output.toString("latin1").split("\0");
  const changes: TreeChange[] = [];
  for (let n = 0; n + 1 < fields.length; n += 2) {
    const [beforeMode = "", afterMode = "", beforeOid = "", afterOid = ""] = (fields[n] ?? "").slice(1).split(" ");
    const state = (mode: string, oid: string) =>
      mode === "000000" ? undefined : { mode: mode as TreeState["mode"], oid };
    changes.push({
      path: fields[n + 1] ?? "",
      before: state(beforeMode, beforeOid),
      after: state(afterMode, afterOid),
    });
  }
  return changes;
}

const firstLine = (text: string) => text.trim().split("\n")[0] ?? "";

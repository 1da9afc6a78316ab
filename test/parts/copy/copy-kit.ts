import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programsOutside } from "../../../src/host/programs-outside.ts";
import { type ApplyRequest, applyCopy, countUnapplied } from "../../../src/sandbox/workspace/copy/apply-copy.ts";
import { copyPaths } from "../../../src/sandbox/workspace/copy/copy-paths.ts";
import { type DiffRequest, diffCopy } from "../../../src/sandbox/workspace/copy/diff-copy.ts";
import { createTreeHost } from "../../../src/sandbox/workspace/copy/node-tree-host.ts";
import { prepareCopy } from "../../../src/sandbox/workspace/copy/prepare-copy.ts";
import type { TreeHost } from "../../../src/sandbox/workspace/copy/tree-host.ts";
import { createGuardHost } from "../../../src/sandbox/workspace/node-guard-host.ts";

const path = process.env.PATH ?? "";
const programs = programsOutside(path, undefined);

/** A name as bytes: one that is no UTF-8 cannot be a string. */
export const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

/** A person's folder, and the copy that is made of it. */
export function makeCopyArea(host: TreeHost = createTreeHost()) {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "caisson-copy-")));
  const [dir, home, stateRoot] = ["work", "home", "state"].map((name) => join(root, name)) as [string, string, string];
  const stateDir = join(stateRoot, "sandboxes", "slug");
  for (const folder of [dir, home, stateDir]) fs.mkdirSync(folder, { recursive: true });
  const tree = copyPaths(stateDir).tree;
  const name = { stateDir, slug: "slug", mode: "copy" };
  const tools = { host, programs };
  const writeAt = (top: string) => (file: string, text: string | Uint8Array, mode?: number) => {
    fs.mkdirSync(join(top, file, ".."), { recursive: true });
    fs.writeFileSync(join(top, file), text);
    if (mode !== undefined) fs.chmodSync(join(top, file), mode);
  };
  const area = {
    root,
    dir,
    tree,
    stateDir,
    paths: copyPaths(stateDir),
    tools,
    name,
    /** Writes into the person's folder, or as the agent into the copy. */
    write: writeAt(dir),
    agent: writeAt(tree),
    read: (file: string) => fs.readFileSync(join(dir, file), "utf8"),
    git: (at: string, ...args: readonly string[]) =>
      execFileSync(
        "git",
        ["-c", "user.name=T", "-c", "user.email=t@t.example", "-c", "init.defaultBranch=main", ...args],
        {
          cwd: at,
          encoding: "utf8",
          stdio: ["ignore", "pipe", "pipe"],
          env: { PATH: path, HOME: home, GIT_CONFIG_NOSYSTEM: "1" },
        },
      ),
    copy: (
      maxBytes = 1024 ** 3,
      signal: AbortSignal = new AbortController().signal,
      owner?: { readonly uid: number; readonly gid: number },
    ) =>
      prepareCopy(
        { host, guardHost: createGuardHost(programs), programs, home, stateRoot },
        { dir, stateDir, maxBytes, owner, masked: [] },
        { signal, progress: () => {} },
      ),
    diff: (request: Partial<DiffRequest> = {}) =>
      diffCopy(tools, name, { all: false, paths: [], form: "patch", colours: false, ...request }),
    apply: (request: Partial<ApplyRequest> = {}) => applyCopy(tools, name, { ...usual, ...request }),
    unapplied: () => countUnapplied(tools, name),
    [Symbol.dispose]: () => fs.rmSync(root, { recursive: true, force: true }),
  };
  return area;
}

const usual: ApplyRequest = { all: false, dryRun: false, skipConflicts: false, includeProtected: false, umask: 0o022 };

/** Everything in a folder but git directories: kind, what may run it, content. Names are bytes. */
export function treeOf(top: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const visit = (dir: Buffer, within: string) => {
    for (const name of fs.readdirSync(dir, { encoding: "latin1" }).sort()) {
      if (name === ".git") continue;
      const child = Buffer.concat([dir, bytes(`/${name}`)]);
      const stat = fs.lstatSync(child);
      const key = `${within}${name}`;
      if (stat.isSymbolicLink()) found[key] = `link ${fs.readlinkSync(child, { encoding: "latin1" })}`;
      else if (stat.isFile())
        found[key] = `${stat.mode & 0o100 ? "runs" : "file"} ${fs.readFileSync(child).toString("base64")}`;
      else if (stat.isDirectory()) {
        found[`${key}/`] = "folder";
        visit(child, `${key}/`);
      } else found[key] = "other";
    }
  };
  visit(Buffer.from(top), "");
  return found;
}

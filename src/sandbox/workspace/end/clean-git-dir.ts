import { dirname, join, relative, resolve } from "node:path";
import { isWithin } from "../facts/path-within.ts";
import { listModules, readPathFile } from "../facts/read-git-dir.ts";
import { formatConfig } from "../git/config-entry.ts";
import { filterConfig } from "../git/filter-config.ts";
import { listConfig } from "../git/list-config.ts";
import { isReflog } from "../git/merge-reflog.ts";
import { readIndex } from "../git/read-index.ts";
import { isStateFile, maxStateBytes } from "../git/state-files.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardPlan } from "../guard-plan.ts";

/** What a repository made inside brings to the host; all else in it (hooks, attributes, what is under way) does not come along. */
const carried: ReadonlySet<string> = new Set([
  "HEAD",
  "index",
  "ORIG_HEAD",
  "packed-refs",
  "shallow",
  "config",
  "description",
  "objects",
  "refs",
  "logs",
  "modules",
]);
const carriedOfWorktree: ReadonlySet<string> = new Set(["HEAD", "index", "ORIG_HEAD", "commondir", "gitdir", "logs"]);

/** A git directory that was made inside, and where it belongs on the host. */
export interface MadeGitDir {
  readonly from: string;
  readonly to: string;
  readonly kind: "repository" | "worktree";
}

/**
 * Takes out of a git directory that an agent made whatever could act on the host; why it cannot be taken at all, or
 * undefined. The agent is dead and nobody reads the directory: it is cleaned where it is, and may be cleaned again.
 */
export async function cleanGitDir(host: GuardHost, plan: GuardPlan, made: MadeGitDir): Promise<string | undefined> {
  const keep = made.kind === "worktree" ? carriedOfWorktree : carried;
  for (const { name } of host.list(made.from)) if (!keep.has(name)) host.removeTree(join(made.from, name));
  const refusal = made.kind === "worktree" ? refuseWorktree(host, plan, made) : await cleanConfig(host, plan, made);
  if (refusal !== undefined) return refusal;
  for (const folder of ["objects", "refs", "logs"]) removeOdd(host, join(made.from, folder));
  host.removeTree(join(made.from, "objects", "info", "alternates"));
  for (const name of ["HEAD", "ORIG_HEAD", "packed-refs", "shallow"]) {
    const file = host.readUntrusted(made.from, [name], maxStateBytes);
    if (file.is === "absent" || (file.is === "file" && isStateFile(name, file.bytes))) continue;
    if (name === "HEAD") return "git would not have written its HEAD so";
    host.removeTree(join(made.from, name));
  }
  removeOddLogs(host, join(made.from, "logs"));
  await cleanIndex(host, plan, made);
  if (made.kind === "repository") await cleanModules(host, plan, made);
  return undefined;
}

async function cleanConfig(host: GuardHost, plan: GuardPlan, { from, to }: MadeGitDir): Promise<string | undefined> {
  const file = host.readUntrusted(from, ["config"], 1024 * 1024);
  const entries = file.is === "file" ? await listConfig(host, file.bytes) : undefined;
  if (entries === undefined) return "git cannot read its configuration";
  const { kept } = filterConfig(entries, (value) => isWithin(resolve(to, value), plan.workspace));
  host.removeTree(join(from, "config"));
  host.writeFile(join(from, "config"), formatConfig(kept), { mode: 0o644 });
  return undefined;
}

/** A linked working tree must belong to the repository that it says, and lie in the workspace. */
function refuseWorktree(host: GuardHost, plan: GuardPlan, { from, to }: MadeGitDir): string | undefined {
  const common = host.readUntrusted(from, ["commondir"], 4096);
  const gitFile = readPathFile(host, from, "gitdir");
  if (common.is !== "file" || common.bytes.toString() !== "../..\n") return "it belongs to another repository";
  if (gitFile === undefined || !isWithin(gitFile, plan.workspace)) return "its working tree is not in the workspace";
  const back = host.readUntrusted(dirname(gitFile), [".git"], 4096);
  return back.is === "file" && back.bytes.toString().trimEnd() === `gitdir: ${to}`
    ? undefined
    : "its working tree is gone";
}

function removeOdd(host: GuardHost, folder: string): void {
  const kind = host.look(folder)?.kind;
  if (kind === "folder")
    for (const { name } of host.list(folder).filter((e) => e.kind !== "file")) removeOdd(host, join(folder, name));
  else if (kind !== undefined) host.removeTree(folder);
}

function removeOddLogs(host: GuardHost, folder: string): void {
  for (const { name, kind } of host.list(folder)) {
    if (kind === "folder") removeOddLogs(host, join(folder, name));
    else {
      const file = host.readUntrusted(folder, [name], 16 * 1024 * 1024);
      if (file.is !== "file" || !isReflog(file.bytes.toString())) host.removeTree(join(folder, name));
    }
  }
}

async function cleanIndex(host: GuardHost, plan: GuardPlan, { from }: MadeGitDir): Promise<void> {
  const file = host.readUntrusted(from, ["index"], maxStateBytes);
  if (file.is === "absent") return;
  const objectFormat = /objectformat = "sha256"/.test(host.readOwn(join(from, "config"))?.toString() ?? "")
    ? "sha256"
    : "sha1";
  const reading =
    file.is === "file"
      ? await readIndex(host, join(plan.guardDir, "check"), { bytes: file.bytes, objectFormat })
      : { refusal: file.reason };
  if ("refusal" in reading || reading.hides.length > 0) host.removeTree(join(from, "index"));
}

async function cleanModules(host: GuardHost, plan: GuardPlan, { from, to }: MadeGitDir): Promise<void> {
  const modules = listModules(host, from);
  const visit = (folder: string) => {
    for (const { name } of host.list(folder)) {
      const path = join(folder, name);
      if (modules.includes(path)) continue;
      if (modules.some((module) => isWithin(module, path))) visit(path);
      else host.removeTree(path);
    }
  };
  visit(join(from, "modules"));
  for (const module of modules) {
    const refusal = await cleanGitDir(host, plan, {
      from: module,
      to: join(to, relative(from, module)),
      kind: "repository",
    });
    if (refusal !== undefined) host.removeTree(module);
  }
}

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { programsOutside } from "../../../src/host/programs-outside.ts";
import type { GuardHost } from "../../../src/sandbox/workspace/guard-host.ts";
import type { GuardMount, GuardPlan } from "../../../src/sandbox/workspace/guard-plan.ts";
import { createGuardHost } from "../../../src/sandbox/workspace/node-guard-host.ts";
import { planGuard } from "../../../src/sandbox/workspace/plan-guard.ts";
import { prepareGuard } from "../../../src/sandbox/workspace/prepare-guard.ts";
import { readWorkspaceFacts } from "../../../src/sandbox/workspace/read-workspace-facts.ts";
import { type GuardReport, settleGuard } from "../../../src/sandbox/workspace/settle-guard.ts";
import type { Journal } from "../../../src/spec/engine.ts";

export const guardHost = createGuardHost(programsOutside(process.env.PATH ?? "/usr/bin:/bin", undefined));
const silent: Journal = { intent: () => {}, result: () => {} };

/** A folder of its own with a person's home, Caisson's state and a workspace; gone at the end of the test. */
export function makeArea(options: { readonly stateOn?: string } = {}) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "caisson-guard-")));
  const state = options.stateOn ? mkdtempSync(join(options.stateOn, "caisson-guard-")) : root;
  const area = { root, workspace: join(root, "work"), home: join(root, "home"), stateRoot: join(state, "state") };
  for (const dir of [area.workspace, area.home, area.stateRoot]) mkdirSync(dir);
  writeFileSync(
    join(area.home, ".gitconfig"),
    '[user]\n\tname = Person\n\temail = person@example.test\n[init]\n\tdefaultBranch = main\n[protocol "file"]\n\tallow = always\n',
  );
  const dispose = () => [root, state].forEach((dir) => void rmSync(dir, { recursive: true, force: true }));
  return { ...area, [Symbol.dispose]: dispose };
}
export type Area = ReturnType<typeof makeArea>;

/** Runs git as the person on the host; returns what it printed. */
export function git(area: Area, dir: string, ...args: readonly string[]): string {
  return execFileSync("git", ["-C", dir, ...args], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: area.home, GIT_CONFIG_NOSYSTEM: "1", GIT_EDITOR: "true" },
    stdio: ["ignore", "pipe", "pipe"],
  }).trimEnd();
}

/** Writes files below a folder. */
export function put(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
}

/** Makes the workspace a repository with two commits and an editor's and an agent's configuration in it. */
export function makeRepository(area: Area, dir = area.workspace): void {
  mkdirSync(dir, { recursive: true });
  git(area, dir, "init", "-q");
  put(dir, { "a.txt": "one\n", "src/b.txt": "two\n", ".claude/settings.json": "{}\n", ".vscode/tasks.json": "{}\n" });
  git(area, dir, "add", "-A");
  git(area, dir, "commit", "-qm", "first");
  put(dir, { "a.txt": "one\nmore\n" });
  git(area, dir, "commit", "-qam", "second");
}

/** Every name below a folder with its mode and content. What git keeps for itself in objects and the like is part of it. */
export function listing(dir: string, leaveOut: RegExp = /^$/): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const visit = (within: string) => {
    for (const name of readdirSync(join(dir, within)).sort()) {
      const path = join(within, name);
      if (leaveOut.test(path)) continue;
      const stat = lstatSync(join(dir, path));
      const mode = (stat.mode & 0o7777).toString(8);
      if (stat.isSymbolicLink()) found[path] = `link ${readlinkSync(join(dir, path))}`;
      else if (stat.isDirectory()) {
        found[path] = `folder ${mode}`;
        visit(path);
      } else
        found[path] = `file ${mode} ${createHash("sha256")
          .update(readFileSync(join(dir, path)))
          .digest("hex")
          .slice(0, 12)}`;
    }
  };
  visit("");
  return found;
}

/** A prepared guard, and a sandbox that has its mounts and nothing else of the host's. */
export interface GuardedArea {
  readonly plan: GuardPlan;
  /** Runs a script inside until it ends. */
  run(script: string): Inside;
  /** Starts a script inside. */
  start(script: string): ChildProcess;
  /** Brings it to its end as its keeper does; the sandbox is dead. */
  settle(): Promise<GuardReport>;
}
export interface Inside {
  readonly code: number;
  readonly output: string;
}

/** Guards a workspace as the keeper does. */
export async function guardWorkspace(
  area: Area,
  options: {
    readonly slug?: string;
    readonly dir?: string;
    readonly host?: GuardHost;
    readonly masked?: readonly string[];
  } = {},
): Promise<GuardedArea> {
  const host = options.host ?? guardHost;
  const guardDir = join(area.stateRoot, "sandboxes", options.slug ?? "brisk-otter-1", "guard");
  const request = {
    dir: options.dir ?? area.workspace,
    home: area.home,
    stateRoot: area.stateRoot,
    ...(options.masked && { masked: options.masked }),
  };
  const plan = planGuard(await readWorkspaceFacts(host, request), guardDir);
  const present = await prepareGuard(host, plan, silent);
  const settle = () => {
    present[Symbol.dispose]();
    return settleGuard(host, guardDir);
  };
  return withPlan({ settle }, plan);
}

/** The same with other mounts. */
export function withPlan({ settle }: Pick<GuardedArea, "settle">, plan: GuardPlan): GuardedArea {
  const stdio = ["pipe", "pipe", "pipe"] as const;
  return {
    plan,
    run: (script) => runInside(plan, script),
    start: (script) => spawn("bwrap", [...bwrapArguments(plan), "sh", "-c", script], { stdio: [...stdio] }),
    settle,
  };
}

/** Runs a script in a sandbox that has the workspace without its guard. */
export function openWorkspace(area: Area, script: string): Inside {
  return runInside(
    { workspace: area.workspace, mounts: [{ kind: "bind", source: area.root, target: area.root }] },
    script,
  );
}

function runInside(plan: Pick<GuardPlan, "workspace" | "mounts">, script: string): Inside {
  try {
    const output = execFileSync("bwrap", [...bwrapArguments(plan), "sh", "-c", `exec 2>&1; ${script}`], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 30_000,
    });
    return { code: 0, output };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number | null; stdout: string; stderr: string };
    return { code: status ?? -1, output: `${stdout}${stderr}` };
  }
}

/** The local engine's shape: a sandbox whose bubblewrap is root inside, and a program in it with a user namespace of its own. */
export function bwrapArguments(plan: Pick<GuardPlan, "workspace" | "mounts">): readonly string[] {
  const outer = [
    "--unshare-all",
    "--unshare-user",
    "--uid",
    "0",
    "--gid",
    "0",
    "--die-with-parent",
    "--new-session",
    "--clearenv",
    // For the inner one alone, which gives them up: to map a user of its own to root it must be root.
    "--cap-add",
    "ALL",
  ];
  const system = ["/usr", "/etc"].flatMap((dir) => ["--ro-bind", dir, dir]);
  const links = ["bin", "sbin", "lib", "lib64"].flatMap((name) => ["--symlink", `usr/${name}`, `/${name}`]);
  const fresh = ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/tmp/home"];
  const environment = Object.entries({ PATH: "/usr/bin:/bin", HOME: "/tmp/home", GIT_EDITOR: "true" });
  const identity = {
    "user.name": "Agent",
    "user.email": "agent@example.test",
    "protocol.file.allow": "always",
    "init.defaultBranch": "main",
  };
  const gitConfig = Object.entries(identity).flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  const variables = [...environment, ...gitConfig, ["GIT_CONFIG_COUNT", `${Object.keys(identity).length}`]];
  const inner = [
    "bwrap",
    "--bind",
    "/",
    "/",
    "--dev-bind",
    "/dev",
    "/dev",
    "--unshare-user",
    "--uid",
    "1000",
    "--gid",
    "1000",
    "--cap-drop",
    "ALL",
    "--die-with-parent",
  ];
  return [
    ...outer,
    ...system,
    ...links,
    ...fresh,
    ...plan.mounts.flatMap(renderMount),
    ...variables.flatMap(([name, value]) => ["--setenv", name ?? "", value ?? ""]),
    "--chdir",
    plan.workspace,
    "--",
    ...inner,
    "--chdir",
    plan.workspace,
    "--",
  ];
}

const renderMount = ({ kind, source, target }: GuardMount) => [`--${kind}`, source, target];

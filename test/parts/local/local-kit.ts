import { mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findMountOrigin, hasMounted } from "../../../src/host/process/mount-origin.ts";
import { procTable } from "../../../src/host/process/process-table.ts";
import { removeTree } from "../../../src/host/process/remove-tree.ts";
import { createLocalHost } from "../../../src/sandbox/local/create-local-host.ts";
import { type Defences, localDefences } from "../../../src/sandbox/local/defences.ts";
import { createLocalEngine, type LocalSandbox } from "../../../src/sandbox/local/local-engine.ts";
import type { LocalHost } from "../../../src/sandbox/local/local-host.ts";
import { findMarked } from "../../../src/sandbox/local/owner-mark.ts";
import type { SandboxView } from "../../../src/sandbox/local/view.ts";
import type { ExecRequest, LaunchPlan, RunningProcess, Sandbox } from "../../../src/spec/engine.ts";

/** Caisson's own folder. */
export const root = resolve(import.meta.dirname, "../../..");

/** Node's installation, as a tool folder. */
export const nodeFolder = resolve(process.execPath, "../..");

/** The real host; without cgroups or Perl, as on a machine that lets us have none, or with another shell, where asked for. */
export function localHost(
  options: { readonly cgroups?: boolean; readonly perl?: boolean; readonly sh?: string } = {},
): LocalHost {
  const { programs, ...machine } = createLocalHost({
    path: process.env.PATH ?? "",
    arch: process.arch,
    node: process.execPath,
    uid: process.getuid?.() ?? -1,
    listenerEntry: join(root, "src/sandbox/local/listener-main.ts"),
    dialerEntry: join(root, "src/sandbox/local/dialer-main.ts"),
  });
  const { perl: _perl, ...slowPrograms } = programs;
  const found = options.perl === false ? slowPrograms : programs;
  const host = { ...machine, programs: { ...found, sh: options.sh ?? found.sh } };
  return options.cgroups === false ? { ...host, cgroups: { ...host.cgroups, make: () => false } } : host;
}

/** A folder of its own that is removed at the end. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "caisson-part-"));
  return { path, [Symbol.dispose]: () => void removeTree(path) };
}

/** A plan for a sandbox without a workspace, in which Node can be run. */
export function testPlan(stateDir: string, changes: Partial<LaunchPlan> = {}): LaunchPlan {
  return {
    slug: "part",
    stateDir,
    workspace: { mode: "none" },
    workdir: "/home/agent",
    home: "/home/agent",
    keeps: [],
    hostname: "part",
    umask: 0o022,
    limits: {
      cpus: 1,
      memoryBytes: 1024 ** 3,
      processes: 256,
      diskBytes: 1024 ** 3,
      timeoutSeconds: 60,
      idleSeconds: 3600,
      outputBytes: 1024 ** 2,
    },
    mounts: [],
    ports: [],
    toolDirs: [nodeFolder],
    path: [join(nodeFolder, "bin"), "/usr/local/bin", "/usr/bin", "/bin"],
    environment: {},
    unixSockets: "deny",
    files: [],
    proxy: { host: "127.0.0.1", port: 3128 },
    ...changes,
  };
}

/** A live sandbox of a test: stopped, and its folder removed, at the end. */
export interface TestSandbox extends AsyncDisposable {
  readonly prepared: LocalSandbox;
  readonly sandbox: Sandbox;
  readonly stateDir: string;
  readonly engine: ReturnType<typeof createLocalEngine>;
  /** Folders that may have been made for its cgroups. */
  cgroups(): readonly string[];
  run(script: string, request?: Partial<ExecRequest>): Promise<Finished>;
}

/** What a command gave back. */
export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
  readonly signal?: string;
}

export async function launchSandbox(
  options: {
    readonly plan?: Partial<LaunchPlan>;
    readonly view?: SandboxView;
    readonly cgroups?: boolean;
    readonly perl?: boolean;
    readonly sh?: string;
    readonly defences?: Partial<Defences>;
  } = {},
): Promise<TestSandbox> {
  const folder = temporaryFolder();
  const defences = { ...localDefences, ...options.defences };
  const engine = createLocalEngine({ host: localHost(options), defences });
  let cgroups: readonly string[] = [];
  const plan = testPlan(folder.path, options.plan);
  const prepared = await engine
    .prepare(plan, options.view ?? { mounts: [] }, (facts) => {
      cgroups = facts.cgroups ?? cgroups;
    })
    .catch((error: unknown) => {
      folder[Symbol.dispose](); // One that fails before there are namespaces leaves nobody who could.
      throw error;
    });
  const { sandbox } = prepared;
  await prepared.mounted.catch(() => {}); // Told to whoever asks.
  return {
    prepared,
    sandbox,
    engine,
    stateDir: folder.path,
    cgroups: () => cgroups,
    run: async (script, request = {}) => finish(await sandbox.exec({ argv: ["/bin/sh", "-c", script], ...request })),
    [Symbol.asyncDispose]: async () => {
      await sandbox.stop();
      folder[Symbol.dispose]();
    },
  };
}

/** Closes a command's input, gathers what it prints, and waits for its end. */
export async function finish(running: RunningProcess, input?: string): Promise<Finished> {
  const output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  running.onOutput((stream, bytes) => void output[stream].push(bytes));
  if (input !== undefined) running.write(Buffer.from(input));
  running.closeInput();
  const end = await running.ended;
  return {
    stdout: Buffer.concat(output.stdout).toString(),
    stderr: Buffer.concat(output.stderr).toString(),
    ...end,
  };
}

/** Processes of a sandbox that the machine still has: its home is mounted there, or it is a bubblewrap with its mark. */
export function processesOf(stateDir: string): readonly number[] {
  const own = procTable.file("self", "mountinfo") ?? "";
  const origin = findMountOrigin(own, join(realpathSync(stateDir), "private/home"));
  if (origin === undefined) throw new Error("no mount holds the state folder");
  const marked = new Set(findMarked(localHost(), stateDir));
  return procTable.pids().filter((pid) => {
    const isAlive = !/^[ZX]$/.test(procTable.read(pid)?.state ?? "X");
    return isAlive && (marked.has(pid) || hasMounted(procTable.file(pid, "mountinfo") ?? "", origin));
  });
}

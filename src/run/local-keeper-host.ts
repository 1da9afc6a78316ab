import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import type { Server } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { mintAuthority } from "../host/certificate/mint-authority.ts";
import { nextRefresh } from "../host/credential/next-refresh.ts";
import { readCredential } from "../host/credential/read-credential.ts";
import { endProcess } from "../host/end-process.ts";
import { entryPoint, projectRoot } from "../host/entry-point.ts";
import { identifyProcess } from "../host/process-identity.ts";
import { programsOutside } from "../host/programs-outside.ts";
import type { GateProcess } from "../sandbox/gate-process.ts";
import { openJournal } from "../sandbox/journal.ts";
import { createLocalHost, isSystemProgram } from "../sandbox/local/create-local-host.ts";
import { type Defences, localDefences } from "../sandbox/local/defences.ts";
import { createLocalEngine } from "../sandbox/local/local-engine.ts";
import { refuseUntrusted } from "../sandbox/local/refuse-untrusted.ts";
import { writePlanFiles } from "../sandbox/local/write-plan-files.ts";
import { trustFiles } from "../sandbox/trust-files.ts";
import { checkGuardMounts } from "../sandbox/workspace/check-mounts.ts";
import type { GuardHost } from "../sandbox/workspace/guard-host.ts";
import { createGuardHost } from "../sandbox/workspace/node-guard-host.ts";
import { type GuardWatch, watchGuard } from "../sandbox/workspace/watch-guard.ts";
import type { Journal, LaunchPlan } from "../spec/engine.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import type { Metadata } from "../spec/state-files.ts";
import { runFailure } from "./errors.ts";
import type { GuardedWorkspace, HandedListener, KeeperHost } from "./keeper-host.ts";
import type { Facts } from "./launch-steps.ts";
import { proxyPort } from "./proxy-port.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Steps that guard what outlives the machine: files in the person's workspace. */
const durableSteps = new Set(["guard_prepared"]);
/** The authority outlives the longest run by this much. */
const authoritySlackSeconds = 86_400;

/** Where this keeper lives. */
export interface KeeperPlace {
  readonly environment: Environment;
  readonly home: string;
  readonly stateRoot: string;
  readonly uid: number;
}

/** A keeper's host that can have a gate boot before there is anything to run. */
export interface LocalKeeperHost extends KeeperHost {
  /** Until it is configured a gate can do nothing, and it ends with its control channel, that is, with us. */
  bootGate(): void;
  /** Ends a gate that was booted for nothing. */
  abandonGate(): void;
  /** Ends the gates that outlived their keeper's death, whichever it was; returns what is left. */
  reapGates(): Promise<readonly string[]>;
}

/** The keeper's real outside on the local engine. `defences` are the real ones but in the attack battery. */
export function createLocalKeeperHost(place: KeeperPlace, defences: Defences = localDefences): LocalKeeperHost {
  const { environment, home, stateRoot } = place;
  const path = environment.PATH ?? "";
  const local = createLocalHost({
    path,
    arch: process.arch,
    node: process.execPath,
    uid: place.uid,
    listenerEntry: entryPoint("listener"),
  });
  const engine = createLocalEngine({ host: local, defences });
  // A PATH that leads into the workspace is not followed: what lies there a repository brought, or an agent wrote.
  const guardHostFor = (workspace: string | undefined) => createGuardHost(programsOutside(path, workspace));
  const undo = createUndo(engine, guardHostFor);
  const spawnGate = () => {
    const extraCaFile = environment.NODE_EXTRA_CA_CERTS;
    return engine.startGate({
      entry: entryPoint("gate"),
      readOnlyPaths: gateFolders(),
      keeper: identifyProcess(process.pid),
      ...(extraCaFile !== undefined && { extraCaFile }),
    });
  };
  let earlyGate: ChildProcess | undefined;
  let gateChild: ChildProcess | undefined;
  return {
    stateRoot,
    now: () => new Date(),
    identify: identifyProcess,
    openJournal: (file) => openJournal(file, () => new Date(), durableSteps),
    bootGate: () => {
      // One that PATH led to may lie in the workspace, which nobody knows yet.
      if (isSystemProgram(local.programs.bwrap)) earlyGate ??= spawnGate();
    },
    abandonGate: () => {
      earlyGate?.kill("SIGKILL");
      earlyGate = undefined;
    },
    startGate: async (request, paths) => {
      refuseUntrusted(local, launchPlan(request, paths.dir));
      const early = earlyGate;
      earlyGate = undefined;
      gateChild = early?.exitCode === null && early.signalCode === null ? early : spawnGate();
      return localGate(gateChild);
    },
    guardWorkspace: (request, paths, journal) =>
      guardWorkspace(
        { guardHost: guardHostFor(request.metadata.workspace.dir), home, stateRoot },
        request,
        paths.dir,
        journal,
      ),
    prepareSandbox: async (request, paths, guarded, journal) => {
      const plan = launchPlan(request, paths.dir);
      const prepared = await engine.prepare(plan, { mounts: guarded.mounts }, (facts) =>
        journal.intent("sandbox_started", { ...facts }),
      );
      // A folder that was swapped for a link between looking and mounting is found here, before an agent runs.
      if (prepared.facts.init) guarded.check(prepared.facts.init.pid);
      return {
        facts: { ...prepared.facts },
        sandbox: prepared.sandbox,
        openListener: async (port) => handedListener(await prepared.openListener(port), () => gateChild),
      };
    },
    mintAuthority: ({ metadata, policy }) => {
      const seconds = policy.limits.timeoutSeconds + authoritySlackSeconds;
      return mintAuthority(`Caisson sandbox ${metadata.slug}`, new Date(), seconds);
    },
    provisionFiles: (request, paths, certificate) => {
      const plan = launchPlan(request, paths.dir);
      writePlanFiles({ ...plan, files: [...plan.files, ...trustFiles(certificate, readSystemBundle(environment))] });
    },
    // The workspace is named so that no file of it, which an agent may write, is taken for a source.
    readCredential: ({ source }, { metadata }) =>
      readCredential({ environment, home, workspace: metadata.workspace.dir }, source),
    nextRefreshSeconds: ({ source }, value) => nextRefresh(source, value, Date.now()),
    createDecoder: async (request) => {
      if (!request.decode) return undefined;
      const { providers } = await import("../provider/providers.ts");
      return providers[request.provider]?.decoder();
    },
    loadPrices: async () => (await import("../model/prices.ts")).priceUsage,
    ownAddresses: () =>
      Object.values(networkInterfaces()).flatMap((list) =>
        (list ?? []).map(({ address }) => address.replace(/%.*$/, "")),
      ),
    ...undo,
  };
}

const unguarded: GuardedWorkspace = { mounts: [], notes: [], check: () => {}, watch: () => {}, close: async () => {} };

async function guardWorkspace(
  place: { readonly guardHost: GuardHost; readonly home: string; readonly stateRoot: string },
  request: LaunchRequest,
  stateDir: string,
  journal: Journal,
): Promise<GuardedWorkspace> {
  const { mode, dir } = request.metadata.workspace;
  if (mode !== "mount" || dir === undefined) return unguarded;
  const { guardHost, home, stateRoot } = place;
  const [{ readWorkspaceFacts }, { planGuard }, { prepareGuard }] = await Promise.all([
    import("../sandbox/workspace/read-workspace-facts.ts"),
    import("../sandbox/workspace/plan-guard.ts"),
    import("../sandbox/workspace/prepare-guard.ts"),
  ]);
  const plan = planGuard(await readWorkspaceFacts(guardHost, { dir, home, stateRoot }), join(stateDir, "guard"));
  await prepareGuard(guardHost, plan, journal);
  let watch: GuardWatch | undefined;
  let isClosed = false;
  return {
    mounts: plan.mounts,
    notes: plan.notes,
    check: (initPid) => checkGuardMounts(guardHost, plan, initPid),
    watch: (tell) => {
      if (!isClosed) watch = watchGuard(guardHost, plan, tell);
    },
    close: async () => {
      isClosed = true;
      await watch?.[Symbol.asyncDispose]();
    },
  };
}

type Engine = ReturnType<typeof createLocalEngine>;

/** Undoing alone, for settling: needs no request. */
function createUndo(engine: Engine, guardHostFor: (workspace: string | undefined) => GuardHost) {
  return {
    reapSandbox: (stateDir: string, facts: Facts) => engine.reap(stateDir, facts),
    removeScratch: (stateDir: string) => engine.removeScratch(stateDir),
    reapGates: () => engine.reapGates(),
    endGate: async (_stateDir: string, facts: Facts) => {
      if (typeof facts.pid !== "number") return []; // Killed before the result: the gate ended with its control channel.
      const identity = { pid: facts.pid, startTicks: String(facts.startTicks), bootId: String(facts.bootId) };
      return (await endProcess(identity)) ? [] : [`gate process ${facts.pid}`];
    },
    settleGuard: async (stateDir: string) => {
      const { settleGuard } = await import("../sandbox/workspace/settle-guard.ts");
      return settleGuard(guardHostFor(readWorkspace(stateDir)), join(stateDir, "guard"));
    },
    removeFile: (file: string) => rmSync(file, { force: true }),
  };
}

/** The workspace of a sandbox, from its metadata: written before anything of it was begun. */
function readWorkspace(stateDir: string): string | undefined {
  const { workspace } = JSON.parse(readFileSync(join(stateDir, "metadata.json"), "utf8")) as Metadata;
  return workspace.dir;
}

/** What the engine is to make, from what the keeper was told. */
function launchPlan(request: LaunchRequest, stateDir: string): LaunchPlan {
  const { policy, metadata } = request;
  const { mode, dir } = metadata.workspace;
  return {
    slug: metadata.slug,
    stateDir,
    workspace: { mode: mode === "mount" ? "mount" : "none", ...(dir !== undefined && { dir }) },
    workdir: request.workdir,
    home: request.home,
    hostname: metadata.slug,
    limits: policy.limits,
    umask: request.umask,
    mounts: policy.mounts,
    toolDirs: request.toolDirs,
    path: request.path,
    environment: policy.environment,
    unixSockets: policy.unixSockets,
    files: request.files,
    proxy: { host: "127.0.0.1", port: proxyPort },
  };
}

/** The gate's process as the keeper sees it. One that could not be spawned has ended. */
function localGate(child: ChildProcess): GateProcess {
  const { stdin, stdout, stderr, pid } = child;
  if (!stdin || !stdout || !stderr || pid === undefined)
    throw runFailure("gate_failed", { detail: "it could not be spawned" });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    // `close`, not `exit`: by then its last words have arrived.
    child.once("close", (code, signal) => resolve(signal ? `ended by ${signal}` : `ended with code ${code}`));
  });
  const kill = () => void child.kill("SIGKILL");
  return { facts: { ...identifyProcess(pid) }, input: stdin, output: stdout, errors: stderr, ended, kill };
}

function handedListener(server: Server, gateChild: () => ChildProcess | undefined): HandedListener {
  return {
    handTo: (_gate, sandbox) =>
      new Promise((resolve, reject) => {
        gateChild()?.send({ type: "listener", sandbox }, server, (error) => {
          // Ours is closed before anything runs inside: an open one would accept what the agent connects.
          server.close();
          if (error) reject(error);
          else resolve();
        });
      }),
  };
}

/** Folders that the gate's program is loaded from. */
function gateFolders(): readonly string[] {
  const root = projectRoot();
  return ["package.json", "node_modules", "src", "dist"]
    .map((name) => join(root, name))
    .filter((path) => existsSync(path));
}

const bundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/** The machine's own roots, with the person's further ones. */
function readSystemBundle(environment: Environment): string {
  const read = (file: string | undefined) => {
    try {
      return file === undefined ? "" : readFileSync(file, "utf8");
    } catch {
      return "";
    }
  };
  return [bundles.map(read).find((text) => text !== "") ?? "", read(environment.NODE_EXTRA_CA_CERTS)].join("\n");
}

import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import { endProcess } from "../host/end-process.ts";
import { entryPoint, projectRoot, startArguments } from "../host/entry-point.ts";
import { identifyProcess, type ProcessIdentity } from "../host/process-identity.ts";
import type { GateProcess } from "../sandbox/gate-process.ts";
import { createLocalHost, isSystemProgram } from "../sandbox/local/create-local-host.ts";
import { type Defences, localDefences } from "../sandbox/local/defences.ts";
import { createLocalEngine } from "../sandbox/local/local-engine.ts";
import { refuseUntrusted } from "../sandbox/local/refuse-untrusted.ts";
import { trustFiles } from "../sandbox/trust-files.ts";
import { writePlanFiles } from "../sandbox/write-plan-files.ts";
import { proxyPort } from "../spec/proxy-port.ts";
import type { Metadata } from "../spec/state-files.ts";
import { createEngineNeutralHost, type KeeperPlace } from "./engine-neutral-host.ts";
import { runFailure } from "./errors.ts";
import type { HandedListener, KeeperHost } from "./keeper-host.ts";
import { launchPlan } from "./launch-plan.ts";
import type { Facts } from "./launch-steps.ts";
import { openLocalPorts } from "./open-local-ports.ts";
import { readSystemBundle } from "./system-bundle.ts";

/** A keeper's host that can make things ready before there is anything to run. */
export interface LocalKeeperHost extends KeeperHost {
  /** Has a gate boot, which can do nothing until it is configured, and ends with its control channel, that is, with us. */
  makeReady(): void;
  /** Makes in this folder, which is the caller's, what the next sandbox is given of its private folders. Never throws. */
  prepareAhead(folder: string): void;
  /** Ends a gate that was booted for nothing. */
  abandonGate(): void;
  /** Ends the gates that outlived their keeper's death, whichever it was; returns what is left. */
  reapGates(): Promise<readonly string[]>;
}

/** The keeper's real outside on the local engine. `defences` are the real ones but in the attack battery. */
export function createLocalKeeperHost(place: KeeperPlace, defences: Defences = localDefences): LocalKeeperHost {
  const { environment } = place;
  const path = environment.PATH ?? "";
  const local = createLocalHost({
    path,
    arch: process.arch,
    node: process.execPath,
    uid: place.uid,
    listenerEntry: entryPoint("listener"),
    dialerEntry: entryPoint("dialer"),
  });
  const engine = createLocalEngine({ host: local, defences });
  const undo = createUndo(engine);
  const spawnGate = () => {
    const extraCaFile = environment.NODE_EXTRA_CA_CERTS;
    return engine.startGate({
      program: startArguments("gate"),
      readOnlyPaths: gateFolders(),
      keeper: identifyProcess(process.pid),
      ...(extraCaFile !== undefined && { extraCaFile }),
    });
  };
  let earlyGate: ChildProcess | undefined;
  let gateChild: ChildProcess | undefined;
  const neutral = createEngineNeutralHost(place);
  return {
    ...neutral,
    makeReady: () => {
      void local.enterScope(); // Answered while the command line still resolves what to run.
      // One that PATH led to may lie in the workspace, which nobody knows yet.
      if (isSystemProgram(local.programs.bwrap)) earlyGate ??= spawnGate();
      neutral.prepareAuthority();
    },
    prepareAhead: (folder) => {
      try {
        engine.prepareAhead(folder);
      } catch {
        // A full disk, say: what the run cannot make is told then.
      }
    },
    abandonGate: () => {
      earlyGate?.kill("SIGKILL");
      earlyGate = undefined;
    },
    startGate: async (request, paths) => {
      refuseUntrusted(local, launchPlan(request, paths.dir, proxy));
      const early = earlyGate;
      earlyGate = undefined;
      gateChild = early?.exitCode === null && early.signalCode === null ? early : spawnGate();
      return localGate(gateChild);
    },
    prepareFolders: (request, paths, certificate) => {
      const plan = launchPlan(request, paths.dir, proxy);
      engine.prepareFolders(plan);
      writePlanFiles({ ...plan, files: trustFiles(certificate, readSystemBundle(environment)) });
    },
    prepareSandbox: async (request, paths, guarded, journal) => {
      const plan = launchPlan(request, paths.dir, proxy);
      const prepared = await engine.prepare(plan, { mounts: guarded.mounts }, (facts) =>
        journal.intent("sandbox_started", { ...facts }),
      );
      // A folder that was swapped for a link between looking and mounting is found here, before an agent runs.
      const inPlace = prepared.mounted.then(() => {
        if (prepared.facts.init) guarded.check(prepared.facts.init.pid);
      });
      return {
        facts: { ...prepared.facts },
        sandbox: prepared.sandbox,
        inPlace,
        openListener: async (port) => handedListener(await prepared.openListener(port), () => gateChild),
        openPorts: (gate, sandbox, ports) =>
          openLocalPorts(
            {
              gate,
              sandbox,
              send: (message, handle, sent) => {
                if (gateChild?.connected) gateChild.send(message, handle, sent);
                else sent();
              },
              startDialer: prepared.startDialer,
            },
            ports,
          ),
      };
    },
    provisionFiles: (request, paths) => writePlanFiles(launchPlan(request, paths.dir, proxy)),
    ...undo,
  };
}

type Engine = ReturnType<typeof createLocalEngine>;

/** The gate's listener, as a sandbox with a loopback of its own sees it. */
const proxy = { host: "127.0.0.1", port: proxyPort };

/** Undoing alone, for settling: needs no request. */
function createUndo(engine: Engine) {
  return {
    reapSandbox: (stateDir: string, facts: Facts) => engine.reap(stateDir, facts, keeperOf(stateDir)),
    removeScratch: (stateDir: string) => engine.removeScratch(stateDir),
    reapGates: () => engine.reapGates(),
    endGate: async (_stateDir: string, facts: Facts) => {
      if (typeof facts.pid !== "number") return []; // Killed before the result: the gate ended with its control channel.
      const identity = { pid: facts.pid, startTicks: String(facts.startTicks), bootId: String(facts.bootId) };
      return (await endProcess(identity)) ? [] : [`gate process ${facts.pid}`];
    },
  };
}

/** Whose sandbox it is or was; unknown where its metadata was not written yet. */
function keeperOf(stateDir: string): ProcessIdentity | undefined {
  try {
    return (JSON.parse(readFileSync(join(stateDir, "metadata.json"), "utf8")) as Metadata).keeper;
  } catch {
    return undefined;
  }
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

import type { ChildProcess } from "node:child_process";
import type { Server } from "node:net";
import { removeTree } from "../../host/process/remove-tree.ts";
import type { ProcessIdentity } from "../../host/process-identity.ts";
import type { LaunchPlan, Sandbox } from "../../spec/engine.ts";
import { sandboxFolders } from "../sandbox-folders.ts";
import { endGroups, endNamespace } from "./end-processes.ts";
import { enterArguments } from "./enter-arguments.ts";
import { execInside } from "./exec-inside.ts";
import type { HolderFacts } from "./holder.ts";
import { createLauncherPool } from "./launcher-pool.ts";
import { prepareLimits } from "./limits/prepare-limits.ts";
import { watchLimits } from "./limits/watch-limits.ts";
import { createNamespaceHelper } from "./namespace-helper.ts";
import { moveFolders, prepareFolders, prepareFoldersAhead } from "./prepare-folders.ts";
import { reapGates, reapSandbox } from "./reap-sandbox.ts";
import { refuseUntrusted } from "./refuse-untrusted.ts";
import { holderMounts } from "./render-holder-arguments.ts";
import { splitCopies } from "./split-copies.ts";
import { type Dialer, startDialer } from "./start-dialer.ts";
import { type GateOptions, startGateProcess } from "./start-gate-process.ts";
import { type LocalContext, startHolder } from "./start-holder.ts";
import type { SandboxView } from "./view.ts";

/** A sandbox whose namespaces exist, whose mounts are being made, and in which nothing runs yet. */
export interface LocalSandbox {
  readonly sandbox: Sandbox;
  /** For the journal: what a later start needs to end it. */
  readonly facts: HolderFacts;
  /** Resolves when every mount is made; no command starts before. Rejects with a failure where one cannot be. */
  readonly mounted: Promise<void>;
  /** Opens the gate's port on its loopback; the caller hands it to the gate and closes its own copy before any exec. */
  openListener(port: number): Promise<Server>;
  /** Starts what connects to its published ports from within its network; it ends with the sandbox. */
  startDialer(): Promise<Dialer>;
}

/** Makes and ends sandboxes on this machine with bubblewrap. */
export interface LocalEngine {
  /** Starts the gate's program, confined: host network, no home, no state folder, nothing of our environment. */
  startGate(options: GateOptions): ChildProcess;
  /** Makes in this folder what the next sandbox is given of its private folders. Whoever asks removes what was not given. */
  prepareAhead(folder: string): void;
  /** Makes the private folders of a sandbox that is prepared next: nothing of it waits for the view. */
  prepareFolders(plan: LaunchPlan): void;
  /** Makes a sandbox. `record` gets facts for the journal before the act that makes them true. */
  prepare(plan: LaunchPlan, view: SandboxView, record: (facts: HolderFacts) => void): Promise<LocalSandbox>;
  /** Ends what may be left of a sandbox whose keeper died; returns leftovers. Idempotent. */
  reap(stateDir: string, facts: HolderFacts, keeper?: ProcessIdentity): Promise<readonly string[]>;
  /** Ends what may be left of gates whose keeper died; returns leftovers. Idempotent. */
  reapGates(): Promise<readonly string[]>;
  /** Removes the private folders of a sandbox that is gone; returns leftovers. Idempotent. */
  removeScratch(stateDir: string): Promise<readonly string[]>;
}

/** Makes the engine from the outside world and the defences; only the attack battery gives other ones than `localDefences`. */
export function createLocalEngine(context: LocalContext): LocalEngine {
  const { host } = context;
  let folders: string | undefined;
  let ahead: string | undefined;
  return {
    prepareAhead: (folder) => {
      prepareFoldersAhead(host.files, folder);
      ahead = folder;
    },
    prepareFolders: (plan) => {
      if (ahead !== undefined) moveFolders(ahead, plan.stateDir);
      ahead = undefined;
      prepareFolders(host.files, plan);
      folders = plan.stateDir;
    },
    startGate: (options) => startGateProcess(context, options),
    prepare: (plan, view, record) => prepare(context, plan, view, { record, hasFolders: folders === plan.stateDir }),
    reap: (stateDir, facts, keeper) => reapSandbox(host, stateDir, facts, keeper),
    reapGates: () => reapGates(host),
    removeScratch: async (stateDir) => {
      const failed = removeTree(sandboxFolders(stateDir).private);
      return failed === undefined ? [] : [failed];
    },
  };
}

async function prepare(
  context: LocalContext,
  plan: LaunchPlan,
  view: SandboxView,
  { record, hasFolders }: { readonly record: (facts: HolderFacts) => void; readonly hasFolders: boolean },
): Promise<LocalSandbox> {
  const { host } = context;
  refuseUntrusted(host, plan);
  const limits = prepareLimits(host, plan, { scope: await host.enterScope(), record });
  const fixedAffinity = limits.launcher.cpuList !== undefined;
  const all = holderMounts({ ...host, defences: context.defences }, plan, view);
  // Only its fast helper makes copies faster than bubblewrap makes mounts.
  const { mounts, copies } = host.programs.perl === undefined ? { mounts: all, copies: [] } : splitCopies(all);
  const helper = createNamespaceHelper(host, { port: plan.proxy.port, copies });
  const options = { fixedAffinity, hasFolders, onNamespaces: helper.open };
  const starting = startHolder(context, plan, mounts, options);
  // Second: it has the time that bubblewrap takes.
  const launchers = createLauncherPool(host, limits.launcher, sandboxFolders(plan.stateDir).seccomp);
  const holder = await starting.catch((error: unknown) => {
    launchers.close();
    helper.discard();
    throw error;
  });
  const { monitor, init, pidNamespace } = holder;
  const sealed = holder.mounted.then(() => helper.seal(holder));
  sealed.catch(() => {}); // Told by whoever waits for it: the first command, at the latest.
  const watch = watchLimits(host, plan, holder, limits);
  const held = {
    plan,
    holder,
    launchers,
    launcher: limits.launcher,
    ...(limits.processes && { processes: limits.processes }),
  };
  const gone = holder.gone.then(async ({ reason }) => {
    watch.close();
    launchers.close();
    helper.discard();
    // One that could not make its mounts says so to whoever waits for them, before it is told as gone.
    await holder.mounted.catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    return { reason: watch.breach() ?? reason };
  });
  let stopping: Promise<{ leftovers: readonly string[] }> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      watch.close();
      launchers.close();
      const left = await endNamespace(host, holder);
      if (left.length === 0) await gone;
      return { leftovers: [...left, ...(await endGroups(host, limits.group.dirs))] };
    })();
    return stopping;
  };
  return {
    facts: { monitor, init, pidNamespace },
    mounted: sealed,
    openListener: (port) =>
      helper.takeListener(holder, port).catch(async (error: unknown) => {
        await holder.mounted; // One that could not make its mounts says so.
        throw error;
      }),
    startDialer: async () => {
      const dialer = await startDialer(host, holder, plan.stateDir);
      void holder.gone.then(dialer.end);
      return dialer;
    },
    sandbox: {
      slug: plan.slug,
      limitMechanisms: limits.mechanisms,
      exec: async (request) => {
        helper.discard();
        await sealed.catch((error: unknown) => {
          enterArguments(holder, []); // A sandbox that has ended is told as such.
          throw error;
        });
        const running = await execInside(context, held, request);
        return { ...running, ended: running.ended.finally(watch.check) };
      },
      onLimit: watch.onLimit,
      gone,
      stop,
      [Symbol.asyncDispose]: async () => void (await stop()),
    },
  };
}

import type { statePaths } from "../sandbox/state-paths.ts";
import type { Sandbox } from "../spec/engine.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { followGate, type GateFollowing } from "./follow-gate.ts";
import type { GateClient } from "./gate-client.ts";
import type { GuardedWorkspace, KeeperHost } from "./keeper-host.ts";
import type { LaunchObserver } from "./launch.ts";
import type { RunConsole } from "./run-console.ts";
import type { RunFiles } from "./run-files.ts";

/** How often a long copy says how far it is. */
const copyTellMilliseconds = 2000;

/** What a launch's observer tells of. */
export interface ObservedRun {
  readonly host: Pick<KeeperHost, "now" | "ownAddresses" | "loadPrices">;
  readonly request: LaunchRequest;
  readonly paths: ReturnType<typeof statePaths>;
  readonly files: RunFiles;
  readonly console: RunConsole;
  readonly record: GateFollowing["record"];
}

/** What the observer asks of the run's keeper, and does to it. */
export interface RunState {
  /** Aborted when the run is over. */
  readonly signal: AbortSignal;
  isLaunched(): boolean;
  guarded(guarded: GuardedWorkspace): void;
  /** Gate or sandbox ended by themselves while it ran. */
  lost(): void;
  /** The sandbox is gone, and why: nothing runs any more. */
  over(why: string): void;
}

/** Tells of a launch in events and log, and from then on of the end of its gate or sandbox. */
export function observeLaunch(run: ObservedRun, state: RunState): LaunchObserver {
  const { host, files } = run;
  const { events, log } = files;
  let copyTold = host.now().getTime();
  return {
    gateStarted: (gate, started) => {
      started.errors.on("data", (bytes: Buffer) => log.write("gate", bytes));
      followGate({ ...run, ...files, gate, signal: state.signal });
      watchGate(run, state, gate);
    },
    copying: ({ files, bytes }) => {
      if (host.now().getTime() - copyTold < copyTellMilliseconds) return;
      copyTold = host.now().getTime();
      events.append({ event: "workspace_copying", files, bytes });
    },
    copied: ({ files, bytes, notes }) => {
      events.append({ event: "workspace_copied", files, bytes });
      for (const note of notes) events.append({ event: "workspace_guarded", ...note });
    },
    guarded: (made) => {
      state.guarded(made);
      const { masked = [] } = run.request.metadata;
      if (masked.length > 0) events.append({ event: "secrets_masked", files: masked });
      for (const note of made.notes) events.append({ event: "workspace_guarded", ...note });
    },
    prepared: ({ sandbox, onServiceOutput }) => {
      onServiceOutput?.((service, bytes) => log.write(service, bytes));
      watchSandbox(run, state, sandbox);
    },
    credentialFailed: ({ name, message, hint }) => {
      log.line("keeper", `credential ${name} could not be refreshed: ${message}`);
      events.append({ event: "credential_failed", credential: name, message, hint });
    },
  };
}

/** While launching, the step that needs the gate fails and says why. */
function watchGate({ files }: ObservedRun, state: RunState, gate: GateClient): void {
  void gate.gone.then((reason) => {
    if (state.signal.aborted || !state.isLaunched()) return;
    files.events.append({ event: "gate_lost", reason });
    state.lost();
  });
}

/** While launching, the step that needs it fails and says why; what a limit ended has been told. */
function watchSandbox({ files }: ObservedRun, state: RunState, sandbox: Sandbox): void {
  let limited: string | undefined;
  sandbox.onLimit((limit, detail) => {
    limited = `it met its ${limit} limit: ${detail}`;
    files.events.append({ event: "limit_reached", limit, detail });
  });
  void sandbox.gone.then(({ reason }) => {
    if (!state.signal.aborted && state.isLaunched() && limited === undefined) {
      files.events.append({ event: "sandbox_lost", reason });
      state.lost();
    }
    state.over(limited ?? reason);
  });
}

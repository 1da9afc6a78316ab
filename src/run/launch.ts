import { writeFileSync } from "node:fs";
import { signInPlaces } from "../provider/sign-in-places.ts";
import type { GateProcess } from "../sandbox/gate-process.ts";
import type { FileJournal } from "../sandbox/journal.ts";
import type { statePaths } from "../sandbox/state-paths.ts";
import type { CopyReport } from "../sandbox/workspace/copy/prepare-copy.ts";
import type { FromGate, GateSandbox } from "../spec/gate-protocol.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import type { PublishedPort } from "../spec/policy.ts";
import { proxyPort } from "../spec/proxy-port.ts";
import { brokerCredentials } from "./credential-broker.ts";
import { runFailure } from "./errors.ts";
import { createGateClient, type GateClient } from "./gate-client.ts";
import type { GuardedWorkspace, KeeperHost, PreparedSandbox } from "./keeper-host.ts";
import type { StepName } from "./launch-steps.ts";
import { readReplay } from "./recording.ts";

/** Longest that one launch step may take. */
const stepSeconds = 30;
/** Copying a workspace depends on how large it is; a stop ends it within moments. */
const copySeconds = 3600;

/** A launched sandbox: everything is up and the gate is healthy; the agent's command has not started. */
export interface LaunchedRun {
  readonly gate: GateClient;
  readonly gateProcess: GateProcess;
  readonly guarded: GuardedWorkspace;
  readonly prepared: PreparedSandbox;
  /** Published ports, with the places outside that they got. */
  readonly ports: readonly PublishedPort[];
}

/** What a launch tells as it goes on. `gateStarted` comes before the gate's first message can. */
export interface LaunchObserver {
  gateStarted(gate: GateClient, started: GateProcess): void;
  copying(so: { readonly files: number; readonly bytes: number }): void;
  copied(report: CopyReport): void;
  guarded(guarded: GuardedWorkspace): void;
  prepared(prepared: PreparedSandbox): void;
  credentialFailed(trouble: { readonly name: string; readonly message: string; readonly hint: string }): void;
}

/** The gate's view of one sandbox, from its policy. */
export function gateSandbox(
  request: LaunchRequest,
  forbiddenAddresses: readonly string[],
  version: number,
): GateSandbox {
  return {
    id: request.metadata.slug,
    version,
    routes: request.policy.routes,
    credentials: request.policy.credentials.map(({ name, placeholder }) => ({ name, placeholder })),
    forbiddenAddresses: [...forbiddenAddresses],
    model: request.replay ? "replay" : request.record ? "record" : "live",
    signIns: [...signInPlaces],
  };
}

/**
 * Brings a sandbox up, step by step, each in the journal before and after. Gate and sandbox start side by side. When a
 * step fails, the others are awaited, and the first failure (in time) is thrown; what was begun is left to the undo.
 */
export async function launchRun(
  host: KeeperHost,
  context: { request: LaunchRequest; paths: ReturnType<typeof statePaths>; journal: FileJournal; signal: AbortSignal },
  observer: LaunchObserver,
): Promise<LaunchedRun> {
  const { request, paths, journal, signal } = context;
  const slug = request.metadata.slug;
  let first: { error: unknown } | undefined;

  const step = async <T>(
    name: StepName,
    act: () => Promise<{ value: T; facts?: Readonly<Record<string, unknown>> }>,
  ): Promise<T> => {
    if (first) throw first.error;
    signal.throwIfAborted();
    journal.intent(name);
    try {
      const { value, facts } = await bounded(name, act(), stepBound(name, request));
      journal.result(name, facts);
      return value;
    } catch (error) {
      first ??= { error };
      throw error;
    }
  };

  const starting = step("gate_started", async () => {
    const gateProcess = await host.startGate(request, paths, (facts) => journal.intent("gate_started", facts));
    const gate = createGateClient(gateProcess);
    observer.gateStarted(gate, gateProcess);
    const ready = gate.next((m): m is Extract<FromGate, { type: "ready" }> => m.type === "ready", stepSeconds);
    ready.catch(() => {}); // Awaited below, as part of configuring; until then a death shows there.
    return { value: { gate, gateProcess, ready }, facts: gateProcess.facts };
  });
  const preparing = (async () => {
    if (request.metadata.workspace.mode === "copy" && !request.copied) {
      await step("workspace_copied", async () => {
        const { files, bytes, notes } = await host.copyWorkspace(request, paths, {
          signal,
          progress: observer.copying,
        });
        observer.copied({ files, bytes, notes });
        return { value: undefined, facts: { files, bytes } };
      });
    }
    const guarding = step("guard_prepared", async () => {
      const value = await host.guardWorkspace(request, paths, journal);
      observer.guarded(value);
      return { value };
    });
    guarding.catch(() => {}); // Awaited below.
    const early = host.prepareFolders;
    if (early === undefined) await guarding;
    const prepared = await step("sandbox_started", async () => {
      if (early !== undefined) {
        await nextTurn(); // By then the guard waits for git.
        early(request, paths, authority.certificate);
      }
      const guarded = await guarding;
      const value = await host.prepareSandbox(request, paths, guarded, journal);
      observer.prepared(value);
      // What is wrong with it is the first error, also when what needs it fails of that.
      value.inPlace?.catch((error: unknown) => {
        first ??= { error };
      });
      return { value, facts: value.facts };
    });
    const listener = await step("listener_opened", async () => ({ value: await prepared.openListener(proxyPort) }));
    return { guarded: await guarding, prepared, listener };
  })();
  // Not a step: nothing outside changes. The key goes to the gate and nowhere else.
  const authority = host.mintAuthority(request);
  const provisioning = (async () => {
    await preparing;
    return step("files_provisioned", async () => {
      writeFileSync(paths.ca, authority.certificate, { mode: 0o600 });
      host.provisionFiles(request, paths, authority.certificate);
      return { value: undefined };
    });
  })();
  const configuring = (async () => {
    const { gate, gateProcess, ready } = await starting;
    await ready;
    return step("gate_configured", async () => {
      await configureGate(host, { gate, request, authority, signal, observer });
      return { value: { gate, gateProcess } };
    });
  })();
  const opening = (async () => {
    const { ports } = request.policy;
    const [{ gate }, { prepared }] = await Promise.all([configuring, preparing]);
    if (ports.length === 0) return [];
    return step("ports_opened", async () => {
      const value = await prepared.openPorts(gate, slug, ports);
      return { value, facts: { ports: value } };
    });
  })();
  const handing = (async () => {
    const [{ gate, gateProcess }, { guarded, prepared, listener }] = await Promise.all([
      configuring,
      preparing,
      provisioning,
    ]);
    const listening = gate.next(
      (m): m is Extract<FromGate, { type: "listening" }> => m.type === "listening",
      stepSeconds,
    );
    listening.catch(() => {});
    await listener.handTo(gate, slug);
    await listening;
    await prepared.inPlace;
    return { gate, gateProcess, guarded, prepared, ports: await opening };
  })();

  handing.catch(() => {}); // Seen through the outcomes, or not at all when the wait for them is given up.
  const outcomes = Promise.allSettled([handing, configuring, preparing, provisioning, opening, starting]);
  const settled = await Promise.race([outcomes, givenUp(signal)]);
  const outcome = settled?.[0];
  if (outcome?.status === "fulfilled") return outcome.value;
  throw first?.error ?? outcome?.reason ?? signal.reason;
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Services have a minute of their own to become healthy. */
function stepBound(name: StepName, { policy }: LaunchRequest): number {
  if (name === "workspace_copied") return copySeconds;
  return name === "sandbox_started" && policy.services.length > 0 ? stepSeconds + 60 : stepSeconds;
}

async function configureGate(
  host: KeeperHost,
  context: {
    gate: GateClient;
    request: LaunchRequest;
    authority: { certificate: string; key: string };
    signal: AbortSignal;
    observer: LaunchObserver;
  },
): Promise<void> {
  const { gate, request, authority, signal, observer } = context;
  const slug = request.metadata.slug;
  const replay = request.replay === undefined ? undefined : await readReplay(request.replay, request);
  const answer = gate.next(
    (m): m is Extract<FromGate, { type: "configured" | "rejected" }> =>
      (m.type === "configured" || m.type === "rejected") && m.sandbox === slug,
    stepSeconds,
  );
  answer.catch(() => {});
  gate.send({
    type: "configure",
    sandbox: gateSandbox(request, host.ownAddresses(), 1),
    ca: authority,
    ...(replay && { replay }),
  });
  // A replay answers from the file: no key is read, none is needed.
  if (!request.replay) {
    await brokerCredentials(
      {
        read: (credential) => host.readCredential(credential, request),
        nextRefreshSeconds: host.nextRefreshSeconds,
        deliver: (name, value) =>
          gate.send({
            type: "credential",
            sandbox: slug,
            name,
            value: value?.value ?? null,
            ...(value?.expiresAt !== undefined && { expiresAt: value.expiresAt }),
          }),
        failed: (name, message, hint) => observer.credentialFailed({ name, message, hint }),
      },
      request.policy.credentials,
      signal,
    );
  }
  const configured = await answer;
  if (configured.type === "rejected") throw runFailure("gate_rejected", { reason: configured.reason });
}

/** A stop that comes while launching waits this long for the steps that are under way, and no longer. */
const stopSeconds = 5;

function givenUp(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const wait = () => void setTimeout(() => resolve(undefined), stopSeconds * 1000).unref();
    if (signal.aborted) wait();
    else signal.addEventListener("abort", wait, { once: true });
  });
}

function bounded<T>(step: StepName, work: Promise<T>, seconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(runFailure("launch_timed_out", { step, seconds })), seconds * 1000);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

import type { Decoder } from "../provider/provider.ts";
import type { statePaths } from "../sandbox/state-paths.ts";
import type { Journal, RunningProcess, Sandbox } from "../spec/engine.ts";
import type { RunEnd } from "../spec/events.ts";
import type { FromKeeper, LaunchRequest, ToKeeper } from "../spec/keeper-protocol.ts";
import { mainProcess } from "../spec/main-process.ts";
import type { Route } from "../spec/policy.ts";
import type { RouteOutcome } from "./apply-routes.ts";
import { createAttachedClients } from "./attached-clients.ts";
import type { ControlClient, ControlHandler } from "./control-server.ts";
import { type EventLog, readEvents } from "./event-log.ts";
import type { OutputLog } from "./output-log.ts";
import { runExec } from "./run-exec.ts";
import { type MainEnd, runMain } from "./run-main.ts";

type Input = Extract<ToKeeper, { type: "input" | "input_end" }>;

/** The keeper's dealings with its clients: events and output out, input, exec, stop and policy changes in. */
export interface RunConsole extends ControlHandler {
  /** Starts the run's command and stays until it ended, or until `signal` says that the run is over. */
  runMain(sandbox: Pick<Sandbox, "exec">, journal: Journal, signal: AbortSignal): Promise<MainEnd>;
  onAllow(apply: (route: Route) => Promise<RouteOutcome>): void;
  onPolicyVersion(read: () => number): void;
  failed(failure: { code: string; message: string; hint: string; exit: number }): void;
  ended(end: RunEnd, exitCode: number | null, leftovers: readonly string[]): void;
}

/** What a console needs of its keeper. */
export interface ConsoleContext {
  readonly paths: ReturnType<typeof statePaths>;
  readonly events: EventLog;
  readonly log: OutputLog;
  readonly request: LaunchRequest;
  readonly stop: (end: RunEnd) => void;
  readonly decoder: Decoder | undefined;
}

/** Makes the console of one run. */
export function createRunConsole(context: ConsoleContext): RunConsole {
  const { events, log, request, paths } = context;
  const { slug } = request.metadata;
  const clients = createAttachedClients();
  /** Each client's own commands, by the id that it gave them. */
  const execs = new Map<ControlClient, Map<string, RunningProcess>>();
  let sandbox: Pick<Sandbox, "exec"> | undefined;
  let main: RunningProcess | undefined;
  let allow: ((route: Route) => Promise<RouteOutcome>) | undefined;
  let policyVersion = () => 1;
  let phase: "launching" | "running" | "stopping" = "launching";
  /** Input for the main process from before it started. A client sends no more than it may have untaken. */
  let early: (readonly [ControlClient, Input])[] = [];

  events.subscribe(clients.tellEvent);
  const throttle = () => {
    if (clients.areBehind) main?.pause();
    else main?.resume();
  };
  const processOf = (client: ControlClient, id: string) => (id === mainProcess ? main : execs.get(client)?.get(id));

  let launchFailure: Parameters<RunConsole["failed"]>[0] | undefined;

  const exec = (client: ControlClient, message: Extract<ToKeeper, { type: "exec" }>) => {
    const { id, argv, environment, pty } = message;
    const own = execs.get(client);
    const hint = `caisson logs ${slug}`;
    const isTaken = id === mainProcess || own?.has(id);
    if (!sandbox || phase !== "running" || isTaken) {
      const problem = isTaken ? `id "${id}" is in use` : `the sandbox is ${phase}`;
      client.send({ type: "failed", id, code: "exec_failed", message: `Cannot exec: ${problem}`, hint, exit: 6 });
      return;
    }
    const wanted = { argv, environment, workdir: message.workdir ?? request.workdir, ...(pty && { pty }) };
    const started = (child: RunningProcess) => void own?.set(id, child);
    void runExec(sandbox, wanted, { id, client, hint, started }).then(() => own?.delete(id));
  };

  const change = (client: ControlClient, id: string, route: Route) => {
    const fail = (code: string, message: string, hint: string, exit: number) =>
      client.send({ type: "failed", id, code, message, hint, exit });
    if (!allow) return fail("not_ready", "Cannot change policy: the gate is not up", "try again", 4);
    void allow(route).then(
      (outcome) =>
        outcome.ok
          ? client.send({ type: "allowed", id, version: outcome.version })
          : fail("gate_rejected", `Cannot apply policy: ${outcome.reason}`, "caisson policy check", 5),
      (error: Error) => fail("gate_failed", error.message, "caisson ls", 6),
    );
  };

  const status = (client: ControlClient, id: string) =>
    client.send({
      type: "status",
      id,
      phase,
      processes: (execs.get(client)?.size ?? 0) + (main ? 1 : 0),
      terminal: request.pty !== undefined,
      decoded: request.decode,
      policyVersion: policyVersion(),
    });

  const handle = (client: ControlClient, message: ToKeeper) => {
    switch (message.type) {
      case "attach":
        // A launch can fail before anybody had the time to attach.
        if (launchFailure) client.send({ type: "failed", ...launchFailure });
        return clients.attach(client, readEvents(paths.events, message.fromSeq), message.input);
      case "exec":
        return exec(client, message);
      case "input":
      case "input_end":
        if (message.id === mainProcess && !main) early.push([client, message]);
        else feed(client, processOf(client, message.id), message);
        return;
      case "resize":
        return processOf(client, message.id)?.resize(message.columns, message.rows);
      case "signal":
        return processOf(client, message.id)?.kill(message.signal);
      case "allow":
        return change(client, message.id, message.route);
      case "stop":
        return context.stop(message.end);
      case "status":
        return status(client, message.id);
      default:
        message satisfies never;
    }
  };

  return {
    connected(client) {
      clients.add(client);
      execs.set(client, new Map());
      client.onDrain(throttle);
    },
    message: handle,
    disconnected(client) {
      for (const child of execs.get(client)?.values() ?? []) child.kill("SIGHUP");
      execs.delete(client);
      clients.remove(client);
      throttle();
    },
    async runMain(inside, journal, signal) {
      const end = await runMain(inside, {
        request,
        journal,
        events,
        decoder: context.decoder,
        signal,
        started: (child) => {
          sandbox = inside;
          main = child;
          phase = "running";
          for (const [client, message] of early) feed(client, child, message);
          early = [];
        },
        output: (stream, bytes) => {
          log.write(stream, bytes);
          clients.tellOutput(stream, bytes);
          throttle();
        },
      });
      phase = "stopping";
      clients.tell({ type: "exited", id: mainProcess, ...end });
      return end;
    },
    onAllow: (apply) => {
      allow = apply;
    },
    onPolicyVersion: (read) => {
      policyVersion = read;
    },
    failed: (failure) => {
      launchFailure = failure;
      clients.tell({ type: "failed", ...failure });
    },
    ended(end, exitCode, leftovers) {
      const message: FromKeeper = { type: "ended", end, exitCode, leftovers: [...leftovers] };
      clients.tell(message);
    },
  };
}

/** Passes input on, and tells the client when the process has taken it: only then may it send as much again. */
function feed(client: ControlClient, child: RunningProcess | undefined, message: Input) {
  if (message.type === "input_end") {
    child?.closeInput();
    return;
  }
  const bytes = Buffer.from(message.data, "base64");
  const taken = () => client.send({ type: "taken", id: message.id, bytes: bytes.length });
  if (child) child.write(bytes, taken);
  else taken();
}

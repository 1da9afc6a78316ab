import type { Decoder } from "../provider/provider.ts";
import type { statePaths } from "../sandbox/state-paths.ts";
import type { Journal, RunningProcess, Sandbox } from "../spec/engine.ts";
import type { RunEnd } from "../spec/events.ts";
import type { FromKeeper, LaunchRequest, ToKeeper } from "../spec/keeper-protocol.ts";
import { mainProcess } from "../spec/main-process.ts";
import type { Route } from "../spec/policy.ts";
import type { RouteOutcome } from "./apply-routes.ts";
import { createAttachedClients } from "./attached-clients.ts";
import { changePolicy } from "./change-policy.ts";
import { createClientCommands } from "./client-commands.ts";
import type { ControlClient, ControlHandler } from "./control-server.ts";
import type { EventLog } from "./event-log.ts";
import type { OutputLog } from "./output-log.ts";
import { type Input, passInput } from "./pass-input.ts";
import { readEvents } from "./read-events.ts";
import { type MainEnd, runMain } from "./run-main.ts";
import { sessionEnd, takeCommand } from "./session-commands.ts";
import type { SessionDriver } from "./session-driver.ts";

/** The keeper's dealings with its clients: events and output out, input, exec, stop and policy changes in. */
export interface RunConsole extends ControlHandler {
  /** Starts the run's command and stays until it ended, or until `signal` says that the run is over. */
  runMain(sandbox: Pick<Sandbox, "exec">, journal: Journal, signal: AbortSignal): Promise<MainEnd>;
  onAllow(apply: (route: Route) => Promise<RouteOutcome>): void;
  onPolicyVersion(read: () => number): void;
  failed(failure: { code: string; message: string; hint: string; exit: number }): void;
  ended(end: RunEnd, exitCode: number | null, leftovers: readonly string[]): void;
  streamed(kind: "text" | "thought", text: string): void;
  /** Whether somebody follows the run. */
  readonly isAttended: boolean;
  /** Resolves when somebody follows it for the first time. */
  readonly firstAttached: Promise<void>;
}

/** What a console needs of its keeper. */
export interface ConsoleContext {
  readonly paths: ReturnType<typeof statePaths>;
  readonly events: EventLog;
  readonly log: OutputLog;
  readonly request: LaunchRequest;
  readonly stop: (end: RunEnd) => void;
  readonly decoder: Decoder | undefined;
  /** Where the run is a session. */
  readonly session?: SessionDriver | undefined;
  /** Somebody came or went. */
  readonly attended?: (() => void) | undefined;
}

/** Makes the console of one run. */
export function createRunConsole(context: ConsoleContext): RunConsole {
  const { events, log, request, paths } = context;
  const clients = createAttachedClients();
  const commands = createClientCommands(request);
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
  const processOf = (client: ControlClient, id: string) => (id === mainProcess ? main : commands.find(client, id));

  const { promise: firstAttached, resolve: noteAttached } = Promise.withResolvers<void>();
  let launchFailure: Parameters<RunConsole["failed"]>[0] | undefined;

  const status = (client: ControlClient, id: string) =>
    client.send({
      type: "status",
      id,
      phase,
      processes: commands.count(client) + (main ? 1 : 0),
      terminal: request.pty !== undefined,
      decoded: request.decode,
      session: request.session !== undefined,
      policyVersion: policyVersion(),
    });

  const handle = (client: ControlClient, message: ToKeeper) => {
    switch (message.type) {
      case "attach":
        // A launch can fail before anybody had the time to attach.
        if (launchFailure) client.send({ type: "failed", ...launchFailure });
        clients.attach(client, readEvents(paths.events, message.fromSeq), message.input);
        noteAttached();
        return context.attended?.();
      case "exec":
        return commands.start(client, message, sandbox && phase === "running" ? sandbox : phase);
      case "input":
      case "input_end":
        if (message.id === mainProcess && context.session) {
          if (message.type === "input_end") context.session.finish();
          return;
        }
        if (message.id === mainProcess && !main) early.push([client, message]);
        else passInput(client, processOf(client, message.id), message);
        return;
      case "resize":
        return processOf(client, message.id)?.resize(message.columns, message.rows);
      case "signal":
        return processOf(client, message.id)?.kill(message.signal);
      case "allow":
        return changePolicy(client, message, allow);
      case "stop":
        return context.stop(message.end);
      case "status":
        return status(client, message.id);
      case "command":
        return client.send(takeCommand(context.session, message, request.metadata.slug));
      default:
        message satisfies never;
    }
  };

  return {
    connected(client) {
      clients.add(client);
      commands.connected(client);
      client.onDrain(throttle);
    },
    message: handle,
    disconnected(client) {
      commands.disconnected(client);
      clients.remove(client);
      throttle();
      context.attended?.();
    },
    async runMain(inside, journal, signal) {
      const ended = await runMain(inside, {
        request,
        journal,
        events,
        decoder: context.session ? decoderOf(context.session) : context.decoder,
        signal,
        started: (child) => {
          sandbox = inside;
          main = child;
          phase = "running";
          context.session?.start(child);
          for (const [client, message] of early) passInput(client, child, message);
          early = [];
        },
        output: (stream, bytes) => {
          log.write(stream, bytes);
          clients.tellOutput(stream, bytes);
          throttle();
        },
      });
      const end = context.session ? sessionEnd(context.session, ended) : ended;
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
    streamed: (kind, text) => clients.tellStreamed(kind, text),
    firstAttached,
    get isAttended() {
      return clients.areAttached;
    },
  };
}

/** A session's output as that of any run: its events are told by itself. */
function decoderOf(session: SessionDriver): Decoder {
  return {
    decode: (bytes) => {
      session.decode(bytes);
      return [];
    },
    end: () => {
      session.end();
      return [];
    },
  };
}

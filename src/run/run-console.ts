import type { Decoder } from "../provider/provider.ts";
import type { statePaths } from "../sandbox/state-paths.ts";
import type { Journal, RunningProcess, Sandbox } from "../spec/engine.ts";
import type { RunEnd } from "../spec/events.ts";
import type { FromKeeper, LaunchRequest, ToKeeper } from "../spec/keeper-protocol.ts";
import { mainProcess } from "../spec/main-process.ts";
import type { Route } from "../spec/policy.ts";
import type { ControlClient, ControlHandler } from "./control-server.ts";
import { type EventLog, readEvents } from "./event-log.ts";
import type { OutputLog } from "./output-log.ts";

/** Bytes of the main process's last output that a late `attach` is shown. */
const scrollback = 64 * 1024;

type AllowOutcome = { readonly ok: true; readonly version: number } | { readonly ok: false; readonly reason: string };

/** The keeper's dealings with its clients: events and output out, input, exec, stop and policy changes in. */
export interface RunConsole extends ControlHandler {
  /** Starts the run's command and stays until it ended, or until `signal` says that the run is over. */
  runMain(
    sandbox: Pick<Sandbox, "exec">,
    journal: Journal,
    signal: AbortSignal,
  ): Promise<{ exitCode: number | null; signal?: string }>;
  onAllow(apply: (route: Route) => Promise<AllowOutcome>): void;
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

interface Attached {
  readonly client: ControlClient;
  events: boolean;
  /** Also gets the main process's bytes. */
  output: boolean;
  readonly execs: Map<string, RunningProcess>;
}

/** Makes the console of one run. */
export function createRunConsole(context: ConsoleContext): RunConsole {
  const { events, log, request, paths } = context;
  const attached = new Map<ControlClient, Attached>();
  let launched: Pick<Sandbox, "exec"> | undefined;
  let main: RunningProcess | undefined;
  const recent: { stream: "stdout" | "stderr"; bytes: Buffer }[] = [];
  let recentBytes = 0;
  let allow: ((route: Route) => Promise<AllowOutcome>) | undefined;
  let policyVersion = () => 1;
  let phase: "launching" | "running" | "stopping" = "launching";
  let early: Extract<ToKeeper, { type: "input" | "input_end" }>[] = [];

  events.subscribe((event) => {
    for (const { client, events: wanted } of attached.values()) if (wanted) client.send({ type: "event", event });
  });
  const sendOutput = (client: ControlClient, id: string, stream: "stdout" | "stderr", bytes: Uint8Array) =>
    client.send({ type: "output", id, stream, data: Buffer.from(bytes).toString("base64") });

  const remember = (stream: "stdout" | "stderr", bytes: Buffer) => {
    recent.push({ stream, bytes });
    for (recentBytes += bytes.length; recentBytes > scrollback && recent.length > 1; )
      recentBytes -= recent.shift()?.bytes.length ?? 0;
  };
  /** A reader that takes the output must keep up, or the process waits: nothing piles up here. */
  const throttle = () => {
    const slow = [...attached.values()].some(({ client, output }) => output && client.slow);
    if (slow) main?.pause();
    else main?.resume();
  };
  let hasFailed = false;
  const emit = (drafts: readonly Parameters<EventLog["append"]>[0][]) => {
    for (const draft of drafts) {
      if (draft.event === "result_reported") hasFailed = !draft.ok;
      events.append(draft);
    }
  };

  const onMainOutput = (stream: "stdout" | "stderr", bytes: Uint8Array) => {
    const copy = Buffer.from(bytes);
    log.write(stream, copy);
    remember(stream, copy);
    if (context.decoder && stream === "stdout") emit(context.decoder.decode(copy));
    for (const { client, output } of attached.values()) if (output) sendOutput(client, mainProcess, stream, copy);
    throttle();
  };

  const processOf = (state: Attached, id: string) => (id === mainProcess ? main : state.execs.get(id));

  const exec = async (state: Attached, message: Extract<ToKeeper, { type: "exec" }>) => {
    const fail = (text: string) =>
      state.client.send({
        type: "failed",
        id: message.id,
        code: "exec_failed",
        message: `Cannot exec: ${text}`,
        hint: `caisson logs ${request.metadata.slug}`,
        exit: 6,
      });
    if (!launched || phase !== "running") return fail(`the sandbox is ${phase}`);
    if (state.execs.has(message.id) || message.id === mainProcess) return fail(`id "${message.id}" is in use`);
    try {
      const child = await launched.exec({
        argv: message.argv,
        environment: message.environment,
        workdir: message.workdir ?? request.workdir,
        ...(message.pty && { pty: message.pty }),
      });
      state.execs.set(message.id, child);
      child.onOutput((stream, bytes) => {
        sendOutput(state.client, message.id, stream, bytes);
        if (state.client.slow) child.pause();
      });
      state.client.onDrain(() => child.resume());
      state.client.send({ type: "started", id: message.id });
      const { exitCode, signal } = await child.ended;
      state.execs.delete(message.id);
      state.client.send({ type: "exited", id: message.id, exitCode, ...(signal !== undefined && { signal }) });
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  };

  const handle = (state: Attached, message: ToKeeper): void => {
    const { client } = state;
    switch (message.type) {
      case "attach":
        for (const event of readEvents(paths.events, message.fromSeq)) client.send({ type: "event", event });
        state.events = true;
        state.output = message.input;
        if (message.input) for (const { stream, bytes } of recent) sendOutput(client, mainProcess, stream, bytes);
        return;
      case "exec":
        void exec(state, message);
        return;
      case "input":
      case "input_end":
        if (message.id === mainProcess && !main) early.push(message);
        else feed(processOf(state, message.id), message);
        return;
      case "resize":
        processOf(state, message.id)?.resize(message.columns, message.rows);
        return;
      case "signal":
        processOf(state, message.id)?.kill(message.signal);
        return;
      case "allow":
        if (!allow)
          client.send({
            type: "failed",
            id: message.id,
            code: "not_ready",
            message: "Cannot change policy: the gate is not up",
            hint: "try again",
            exit: 4,
          });
        else
          void allow(message.route).then(
            (outcome) =>
              outcome.ok
                ? client.send({ type: "allowed", id: message.id, version: outcome.version })
                : client.send({
                    type: "failed",
                    id: message.id,
                    code: "gate_rejected",
                    message: `Cannot apply policy: ${outcome.reason}`,
                    hint: "caisson policy check",
                    exit: 5,
                  }),
            (error: Error) =>
              client.send({
                type: "failed",
                id: message.id,
                code: "gate_failed",
                message: error.message,
                hint: "caisson ls",
                exit: 6,
              }),
          );
        return;
      case "stop":
        context.stop(message.end);
        return;
      case "status":
        client.send({
          type: "status",
          id: message.id,
          phase,
          processes: state.execs.size + (main ? 1 : 0),
          terminal: request.pty !== undefined,
          decoded: request.decode,
          policyVersion: policyVersion(),
        });
        return;
      default:
        message satisfies never;
    }
  };

  return {
    connected(client) {
      attached.set(client, { client, events: false, output: false, execs: new Map() });
      client.onDrain(throttle);
    },
    message(client, message) {
      const state = attached.get(client);
      if (state) handle(state, message);
    },
    disconnected(client) {
      for (const child of attached.get(client)?.execs.values() ?? []) child.kill("SIGHUP");
      attached.delete(client);
      throttle();
    },
    async runMain(sandbox, journal, signal) {
      launched = sandbox;
      journal.intent("agent_started", { argv: request.argv });
      const child = await sandbox.exec({
        argv: request.argv,
        workdir: request.workdir,
        ...(request.pty && { pty: request.pty }),
      });
      main = child;
      journal.result("agent_started");
      phase = "running";
      events.append({
        event: "run_started",
        slug: request.metadata.slug,
        provider: request.provider,
        command: request.argv,
        ...(request.metadata.model !== undefined && { model: request.metadata.model }),
      });
      child.onOutput(onMainOutput);
      for (const message of early) feed(child, message);
      early = [];
      if (request.input !== undefined && !request.pty) child.write(Buffer.from(request.input));
      if (request.stdin === "none" && !request.pty) child.closeInput();
      const over = new Promise<{ exitCode: null }>((resolve) =>
        signal.addEventListener("abort", () => resolve({ exitCode: null }), { once: true }),
      );
      const ended = await Promise.race([child.ended, over]);
      phase = "stopping";
      if (context.decoder) emit(context.decoder.end());
      // Some CLIs exit with 0 although they report that the work failed.
      const result = hasFailed && ended.exitCode === 0 ? { ...ended, exitCode: 1 } : ended;
      for (const { client } of attached.values()) client.send({ type: "exited", id: mainProcess, ...result });
      return result;
    },
    onAllow: (apply) => {
      allow = apply;
    },
    onPolicyVersion: (read) => {
      policyVersion = read;
    },
    failed(failure) {
      for (const { client } of attached.values()) client.send({ type: "failed", ...failure });
    },
    ended(end, exitCode, leftovers) {
      const message: FromKeeper = { type: "ended", end, exitCode, leftovers: [...leftovers] };
      for (const { client } of attached.values()) client.send(message);
    },
  };
}

function feed(child: RunningProcess | undefined, message: Extract<ToKeeper, { type: "input" | "input_end" }>): void {
  if (message.type === "input") child?.write(Buffer.from(message.data, "base64"));
  else child?.closeInput();
}

import type { RunningProcess, Sandbox } from "../spec/engine.ts";
import type { LaunchRequest, ToKeeper } from "../spec/keeper-protocol.ts";
import { mainProcess } from "../spec/main-process.ts";
import type { ControlClient } from "./control-server.ts";
import { runExec } from "./run-exec.ts";

/** The commands that clients started beside the run's own, each client's by the ids that it gave them. */
export interface ClientCommands {
  connected(client: ControlClient): void;
  /** Hangs up on what it started: a command belongs to its client. */
  disconnected(client: ControlClient): void;
  /** Starts one in the sandbox; where there is none that runs, the phase says so and the client is told. */
  start(
    client: ControlClient,
    message: Extract<ToKeeper, { type: "exec" }>,
    where: Pick<Sandbox, "exec"> | string,
  ): void;
  find(client: ControlClient, id: string): RunningProcess | undefined;
  count(client: ControlClient): number;
}

/** Keeps the commands of one run's clients. */
export function createClientCommands({ metadata, workdir }: LaunchRequest): ClientCommands {
  const commands = new Map<ControlClient, Map<string, RunningProcess>>();
  const hint = `caisson logs ${metadata.slug}`;
  return {
    connected: (client) => void commands.set(client, new Map()),
    disconnected: (client) => {
      for (const child of commands.get(client)?.values() ?? []) child.kill("SIGHUP");
      commands.delete(client);
    },
    start: (client, message, where) => {
      const { id, argv, environment, pty } = message;
      const own = commands.get(client);
      const isTaken = id === mainProcess || own?.has(id);
      if (typeof where === "string" || isTaken) {
        const problem = isTaken ? `id "${id}" is in use` : `the sandbox is ${where}`;
        client.send({ type: "failed", id, code: "exec_failed", message: `Cannot exec: ${problem}`, hint, exit: 6 });
        return;
      }
      const wanted = { argv, environment, workdir: message.workdir ?? workdir, ...(pty && { pty }) };
      const started = (child: RunningProcess) => void own?.set(id, child);
      void runExec(where, wanted, { id, client, hint, started }).then(() => own?.delete(id));
    },
    find: (client, id) => commands.get(client)?.get(id),
    count: (client) => commands.get(client)?.size ?? 0,
  };
}

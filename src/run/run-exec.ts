import type { ExecRequest, RunningProcess, Sandbox } from "../spec/engine.ts";
import { outputMessage } from "./attached-clients.ts";
import type { ControlClient } from "./control-server.ts";

/** Starts a command for one client inside, tells it the output and the end. `started` gets the process; never rejects. */
export async function runExec(
  sandbox: Pick<Sandbox, "exec">,
  request: ExecRequest,
  given: {
    readonly id: string;
    readonly client: ControlClient;
    readonly hint: string;
    readonly started: (process: RunningProcess) => void;
  },
): Promise<void> {
  const { id, client } = given;
  try {
    const child = await sandbox.exec(request);
    given.started(child);
    child.onOutput((stream, bytes) => {
      client.send(outputMessage(id, stream, bytes));
      if (client.slow) child.pause();
    });
    client.onDrain(() => child.resume());
    client.send({ type: "started", id });
    const { exitCode, signal } = await child.ended;
    client.send({ type: "exited", id, exitCode, ...(signal !== undefined && { signal }) });
  } catch (error) {
    const message = `Cannot exec: ${error instanceof Error ? error.message : String(error)}`;
    client.send({ type: "failed", id, code: "exec_failed", message, hint: given.hint, exit: 6 });
  }
}

import type { RunningProcess } from "../spec/engine.ts";
import type { ToKeeper } from "../spec/keeper-protocol.ts";
import type { ControlClient } from "./control-server.ts";

/** What a client types into a process, or that it will type no more. */
export type Input = Extract<ToKeeper, { type: "input" | "input_end" }>;

/** Passes input on, and tells the client when the process has taken it: only then may it send as much again. */
export function passInput(client: ControlClient, child: RunningProcess | undefined, message: Input) {
  if (message.type === "input_end") {
    child?.closeInput();
    return;
  }
  const bytes = Buffer.from(message.data, "base64");
  const taken = () => client.send({ type: "taken", id: message.id, bytes: bytes.length });
  if (child) child.write(bytes, taken);
  else taken();
}

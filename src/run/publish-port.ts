import type { FromGate, ToGate } from "../spec/gate-protocol.ts";
import type { PublishedPort } from "../spec/policy.ts";
import { runFailure } from "./errors.ts";
import type { GateClient } from "./gate-client.ts";

type Publish = Extract<ToGate, { type: "publish" }>;

/** Longest that a gate may take to listen. */
const publishSeconds = 10;

/** Has the gate listen for one port; resolves with the port that it got. Throws `port_taken`, `port_failed`. */
export async function publishPort(
  gate: GateClient,
  published: PublishedPort,
  message: Omit<Publish, "type" | "id">,
): Promise<number> {
  const id = `${published.hostAddress}:${published.hostPort}:${published.port}`;
  const answer = gate.next(
    (m): m is Extract<FromGate, { type: "published" | "unpublished" }> =>
      (m.type === "published" || m.type === "unpublished") && m.id === id,
    publishSeconds,
  );
  gate.send({ type: "publish", id, ...message });
  const told = await answer;
  if (told.type === "published") return told.port;
  if (told.code === "EADDRINUSE") throw runFailure("port_taken", published);
  throw runFailure("port_failed", { ...published, reason: told.reason });
}

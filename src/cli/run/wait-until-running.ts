import { runFailure } from "../../run/errors.ts";
import type { KeeperClient } from "../../run/keeper-client.ts";
import type { RunEvent } from "../../spec/events.ts";
import type { FromKeeper } from "../../spec/keeper-protocol.ts";
import { keeperFailure } from "./keeper-failure.ts";

type PortOpened = Extract<RunEvent, { event: "port_opened" }>;
type Told = Extract<FromKeeper, { type: "event" | "failed" | "ended" }>;

/** Waits until a run's command has started, or was there and has ended already; throws what kept it from starting. Returns the ports that were opened. */
export async function waitUntilRunning(
  client: KeeperClient,
  slug: string,
  fromSeq = 0,
): Promise<readonly PortOpened[]> {
  const ports: PortOpened[] = [];
  client.onMessage((m) => {
    if (m.type === "event" && m.event.event === "port_opened") ports.push(m.event);
  });
  const told = client.next(
    (m): m is Told =>
      (m.type === "event" && m.event.event === "run_started") || (m.type === "failed" && !m.id) || m.type === "ended",
  );
  client.send({ type: "attach", fromSeq, input: false });
  const message = await told;
  if (message?.type === "event") return ports;
  throw message?.type === "failed" ? keeperFailure(message, slug) : runFailure("sandbox_ended", { slug });
}

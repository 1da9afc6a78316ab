import { describe, expect, it } from "vitest";
import type { FromKeeper } from "../spec/keeper-protocol.ts";
import { createAttachedClients } from "./attached-clients.ts";
import type { ControlClient } from "./control-server.ts";

const clientOf = (slow: boolean): ControlClient & { readonly sent: readonly FromKeeper[] } => {
  const sent: FromKeeper[] = [];
  return { sent, slow, closed: false, onDrain: () => {}, send: (message) => void sent.push(message) };
};

describe("createAttachedClients()", () => {
  it("is behind as soon as one who follows does not read: their events would pile up here as output would", () => {
    const clients = createAttachedClients();
    const [fast, stopped, other] = [clientOf(false), clientOf(true), clientOf(true)];
    for (const client of [fast, stopped, other]) clients.add(client);
    clients.attach(fast, [], true);
    // One that never attached gets its own answers alone.
    expect(clients.areBehind).toBe(false);
    clients.attach(stopped, [], false);
    expect(clients.areBehind).toBe(true);
    clients.remove(stopped);
    expect(clients.areBehind).toBe(false);
  });
});

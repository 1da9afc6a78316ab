import type { KeeperClient } from "../../run/keeper-client.ts";
import type { FromKeeper } from "../../spec/keeper-protocol.ts";

type Status = Extract<FromKeeper, { type: "status" }>;

/** What a keeper says of its run; undefined when it is gone. */
export function askStatus(client: KeeperClient): Promise<Status | undefined> {
  const answer = client.next((m): m is Status => m.type === "status");
  client.send({ type: "status", id: "status" });
  return answer;
}

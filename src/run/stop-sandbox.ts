import { isSameProcess } from "../host/process-identity.ts";
import { statePaths } from "../sandbox/state-paths.ts";
import type { FromKeeper } from "../spec/keeper-protocol.ts";
import { connectKeeper } from "./keeper-client.ts";
import { listSandboxes } from "./list-sandboxes.ts";
import { metadataAt } from "./metadata-at.ts";
import { type SettleHost, type Settlement, settleSandbox } from "./settle.ts";

/** Longest that a keeper is given to stop by itself before it is ended from outside. */
const graceSeconds = 15;
/** Longest that another settler is waited for. */
const turnSeconds = 20;

/** Stops one sandbox, from every state: asks its keeper, and when that does not answer in time ends the keeper and settles. */
export async function stopSandbox(
  host: SettleHost,
  slug: string,
  options: { end: "stopped" | "killed"; graceSeconds?: number } = { end: "stopped" },
): Promise<Settlement> {
  const paths = statePaths(host.stateRoot, slug);
  const client = await connectKeeper(paths.socket);
  if (client) {
    using connection = client;
    const ended = connection.next((m): m is Extract<FromKeeper, { type: "ended" }> => m.type === "ended");
    connection.send({ type: "stop", id: "stop", end: options.end });
    const answer = await Promise.race([
      ended.then(async (message) => {
        await connection.closed;
        return message ?? "closed";
      }),
      new Promise<"late">((resolve) =>
        setTimeout(() => resolve("late"), (options.graceSeconds ?? graceSeconds) * 1000),
      ),
    ]);
    if (answer !== "late" && answer !== "closed") return { slug, settled: true, leftovers: answer.leftovers };
  }
  const keeper = metadataAt(paths.metadata)?.keeper;
  if (keeper && isSameProcess(keeper)) await host.endProcess(keeper);
  return settleInTurn(host, slug);
}

/** Settles, or waits for whoever does: when it is over, nobody works on the sandbox any more. */
async function settleInTurn(host: SettleHost, slug: string): Promise<Settlement> {
  const deadline = performance.now() + turnSeconds * 1000;
  for (;;) {
    const settlement = await settleSandbox(host, slug);
    if (settlement.settled) return settlement;
    const leftovers = ["its keeper, or somebody who settles it: neither came to an end"];
    if (performance.now() > deadline) return { ...settlement, leftovers };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Stops everything that runs, now. The order does not matter: all at once. */
export async function killAll(host: SettleHost): Promise<readonly Settlement[]> {
  const running = listSandboxes(host.stateRoot).filter((row) => row.state === "running" || row.unsettled);
  return Promise.all(running.map((row) => stopSandbox(host, row.metadata.slug, { end: "killed", graceSeconds: 5 })));
}

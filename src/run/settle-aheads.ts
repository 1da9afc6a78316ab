import { setTimeout as sleep } from "node:timers/promises";
import { statePaths } from "../sandbox/state-paths.ts";
import { aheadOf, listAhead } from "./end-ahead.ts";
import { type SettleHost, type Settlement, settleSandbox } from "./settle.ts";

/** Longest that the keeper of a spare that ends is waited for: it takes away itself what it made. */
const turnSeconds = 20;
const lookMilliseconds = 50;

/**
 * Takes away what spares had made in an engine and no run took: what a dead one left; with `waits`, one that ends right now has
 * done so itself by then, or is told as left. Returns what was settled here or is left.
 */
export async function settleAheads(
  host: SettleHost,
  { waits }: { readonly waits: boolean },
): Promise<readonly Settlement[]> {
  return await Promise.all(listAhead(host.stateRoot).map((slug) => settleOne(host, slug, waits)));
}

async function settleOne(host: SettleHost, slug: string, waits: boolean): Promise<Settlement> {
  const until = performance.now() + (waits ? turnSeconds * 1000 : 0);
  for (;;) {
    // A run may have taken it meanwhile: then it has metadata, and is what every run is.
    const isThere = aheadOf(statePaths(host.stateRoot, slug)) !== undefined;
    const settlement = isThere ? await settleSandbox(host, slug) : { slug, settled: true, leftovers: [] };
    if (settlement.settled || !waits) return settlement;
    if (performance.now() > until) return { ...settlement, leftovers: ["its keeper, which does not come to an end"] };
    await sleep(lookMilliseconds);
  }
}

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { projectRoot } from "../../host/entry-point.ts";
import { runFailure } from "../../run/errors.ts";
import { settleAheads } from "../../run/settle-aheads.ts";
import {
  type AheadAnswer,
  endSpare,
  findSpare,
  spareFolder,
  sparePlace,
  wantNoSpares,
  wantSpares,
} from "../../run/spare-place.ts";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { showSettlement } from "../output/show-settlement.ts";
import { settleHost } from "../settle-host.ts";
import { hasNewerSource } from "./watch-sources.ts";

const usualSeconds = 600;
/** Node's longest timer is 24.8 days. */
const longestSeconds = 20 * 24 * 3600;
const bootMs = 15_000;
const pollMs = 20;

/**
 * Starts a spare in the place of the one that waits, or ends it. Returns the exit code. Throws `spare_failed` when none
 * waits after 15 s, or the old one cannot be ended.
 */
export async function keepSpare(
  context: CommandContext,
  options: {
    readonly for: number | undefined;
    readonly engine: "local" | "docker" | undefined;
    readonly stop: boolean;
  },
): Promise<number> {
  const { output, folders, environment } = context;
  const { engine } = options;
  const seconds = options.for ?? usualSeconds;
  if (seconds < 1 || seconds > longestSeconds)
    throw cliFailure("wrong_value", {
      command: "spare",
      option: "--for",
      value: `${seconds} s`,
      expected: "1s to 20d",
    });
  const place = sparePlace(spareFolder(folders.state));
  const refused =
    findSpare(place.folder) && existsSync(place.refused) ? readFileSync(place.refused, "utf8") : undefined;
  const before = await endSpare(folders.state);
  if (before === "failed") throw runFailure("spare_failed", { detail: "the one that waits does not end" });
  const settling = settleAheads(settleHost(context), { waits: options.stop });
  if (options.stop) {
    const left = (await settling).filter(({ leftovers }) => leftovers.length > 0);
    output.show({ spare: before }, () => [before === "none" ? "there was no spare" : "the spare was ended"]);
    return Math.max(0, ...left.map((settlement) => showSettlement(output, settlement, "cleaned up")));
  }
  const root = projectRoot();
  if (!existsSync(join(root, "dist/.stamp")) || hasNewerSource(root))
    throw runFailure("spare_failed", { detail: "it needs bundles that no source is newer than: npm run build" });
  await settling;
  // What the engine lacks is said here, where somebody reads it.
  if (engine === "docker") await (await import("./wish-gate.ts")).wishGate(environment);
  const child = spawn(join(root, "bin/caisson"), [], {
    detached: true,
    stdio: "ignore",
    cwd: "/",
    env: { ...environment, CAISSON_BE_SPARE: wantSpares(folders.state, Math.round(seconds * 1000), engine) },
  });
  let hasEnded = false;
  child.once("error", () => {
    hasEnded = true;
  });
  child.once("exit", () => {
    hasEnded = true;
  });
  for (let waited = 0; !hasEnded && waited < bootMs && findSpare(place.folder) === undefined; waited += pollMs)
    await sleep(pollMs);
  child.unref();
  if (findSpare(place.folder) === undefined) {
    wantNoSpares(folders.state);
    throw runFailure("spare_failed", { detail: "it did not boot" });
  }
  if (refused !== undefined) output.note(`the last run was not served by the old one: it differs in ${refused}`);
  const ahead = engine === "docker" ? readAhead(place.ahead) : undefined;
  if (ahead && "problem" in ahead) output.note(`nothing could be made in docker ahead: ${ahead.problem}`);
  const made = ahead && "slug" in ahead ? ahead.slug : undefined;
  output.show(
    { spare: "waiting", seconds, ...(engine && { engine }), ...(made !== undefined && { ahead: made }) },
    () => [`a spare waits for the next run${engine === "docker" ? " on docker" : ""}   (caisson spare --stop ends it)`],
  );
  return 0;
}

function readAhead(file: string): AheadAnswer {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as AheadAnswer;
  } catch {
    return { problem: "it has just been taken" };
  }
}

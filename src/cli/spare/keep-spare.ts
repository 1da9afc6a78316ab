import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { projectRoot } from "../../host/entry-point.ts";
import { runFailure } from "../../run/errors.ts";
import { endSpare, findSpare, spareFolder, sparePlace, wantNoSpares, wantSpares } from "../../run/spare-place.ts";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
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
  { output, folders, environment }: CommandContext,
  options: { readonly for: number | undefined; readonly stop: boolean },
): Promise<number> {
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
  if (options.stop) {
    output.show({ spare: before }, () => [before === "none" ? "there was no spare" : "the spare was ended"]);
    return 0;
  }
  const root = projectRoot();
  if (!existsSync(join(root, "dist/.stamp")) || hasNewerSource(root))
    throw runFailure("spare_failed", { detail: "it needs bundles that no source is newer than: npm run build" });
  const child = spawn(join(root, "bin/caisson"), [], {
    detached: true,
    stdio: "ignore",
    cwd: "/",
    env: { ...environment, CAISSON_BE_SPARE: wantSpares(folders.state, Math.round(seconds * 1000)) },
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
  output.show({ spare: "waiting", seconds }, () => ["a spare waits for the next run   (caisson spare --stop ends it)"]);
  return 0;
}

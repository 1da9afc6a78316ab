import { basename } from "node:path";
import { holdGitDir } from "../git/hold-git-dir.ts";
import { loadBase, mirroredNames } from "../git/mirror-base.ts";
import { mirrorGitDir } from "../git/mirror-git-dir.ts";
import type { IndexReading } from "../git/read-index.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardedGitDir, GuardNote, GuardPlan } from "../guard-plan.ts";
import type { LivePart } from "./live-part.ts";
import { queueRounds } from "./queue-rounds.ts";
import { watchFolder } from "./watch-folder.ts";

/** Changes within this time are mirrored together: a rebase changes the same files hundreds of times. */
const delays = { gatherMs: 15, retryMs: 200 };
const maxReadings = 64;

/** Mirrors one git directory and its private copy whenever a file of either changes; undefined when there is nothing to mirror. */
export function mirrorLive(
  host: GuardHost,
  plan: GuardPlan,
  unit: GuardedGitDir,
  tell: (note: GuardNote) => void,
): LivePart | undefined {
  const names = new Set(mirroredNames(unit));
  const held = names.size > 0 && loadBase(host, unit) ? holdGitDir(host, unit) : undefined;
  if (held === undefined) return undefined;
  const readings = new Map<string, IndexReading>();
  const rounds = queueRounds(delays, async (changed) => {
    if (readings.size > maxReadings) readings.clear();
    const options = { tag: basename(plan.claim), agent: "runs", readings } as const;
    const { pending, notes } = await mirrorGitDir(host, held, changed, options);
    notes.forEach(tell);
    return pending;
  });
  const watches = [`${held.at}/.`, unit.privateDir].map((folder) =>
    watchFolder(folder, (name) => {
      if (names.has(name)) rounds.add(name);
    }),
  );
  return {
    flush: () => rounds.run(names),
    close: async () => {
      for (const watch of watches) watch[Symbol.dispose]();
      await rounds.close();
      held[Symbol.dispose]();
    },
  };
}

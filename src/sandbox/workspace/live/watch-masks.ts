import { basename, dirname } from "node:path";
import { holdExact } from "../git/hold-git-dir.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardNote, GuardPlan } from "../guard-plan.ts";
import type { LivePart } from "./live-part.ts";
import { queueRounds } from "./queue-rounds.ts";
import { watchFolder } from "./watch-folder.ts";

const delays = { gatherMs: 5, retryMs: 50 };
const maxFolders = 128;

/** What a person is told of a masked file that is another one now. */
export const unmaskedDetail =
  "replaced or removed on the host while the run lasted: what is there since then is not masked, and the agent can read it";

/**
 * Tells when a masked file was replaced on the host: the kernel then takes away what is mounted over the old one, in every
 * sandbox. Most editors write in place, which does not.
 */
export function watchMasks(host: GuardHost, plan: GuardPlan, tell: (note: GuardNote) => void): LivePart {
  const masked = new Map(Object.entries(plan.masked ?? {}));
  const look = async (paths: Iterable<string>): Promise<string[]> => {
    for (const path of paths)
      if (host.look(path)?.ino !== masked.get(path)) tell({ path, action: "noticed", detail: unmaskedDetail });
    return [];
  };
  const rounds = queueRounds(delays, async (changed) => look(changed));
  const folders = [...Map.groupBy(masked.keys(), dirname)].slice(0, maxFolders);
  const watches = folders.flatMap(([folder, paths]) => {
    using held = holdExact(host, folder, host.look(folder)?.ino);
    if (held === undefined) return [];
    const names = new Set(paths.map((path) => basename(path)));
    return [
      watchFolder(`${held.path}/.`, (name) => {
        if (names.has(name)) rounds.add(`${folder}/${name}`);
      }),
    ];
  });
  return {
    flush: () => rounds.run(masked.keys()),
    close: async () => {
      for (const watch of watches) watch[Symbol.dispose]();
      await rounds.close();
    },
  };
}

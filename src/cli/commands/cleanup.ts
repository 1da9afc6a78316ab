import { listSandboxes } from "../../run/list-sandboxes.ts";
import { finishRemovals, removeSandbox } from "../../run/remove-sandbox.ts";
import { markersTold, settleAll, settleStrays } from "../../run/settle.ts";
import { countKept } from "../copied-workspace.ts";
import { defineCommand } from "../frame/command.ts";
import { duration } from "../frame/option.ts";
import { showSettlement } from "../output/show-settlement.ts";
import { settleHost } from "../settle-host.ts";

/** `caisson cleanup`. */
export const cleanupCommand = defineCommand({
  arguments: [],
  options: { olderThan: duration("--older-than <duration>", "also remove what is kept of runs that ended longer ago") },
  examples: [
    { line: "caisson cleanup", does: "finishes what a killed keeper or a power cut left, and lists what it could not" },
    { line: "caisson cleanup --older-than 30d", does: "also removes logs and audit of runs that ended a month ago" },
  ],
  exits: { 6: "something is still left: it is listed" },
  notes: ["What runs is not touched. It is safe to run at any time, also twice at once."],
  run: async (context, { options }) => {
    const { output, folders } = context;
    const host = settleHost(context);
    await markersTold(folders.state);
    const open = await settleAll(host);
    const settlements = [...open, ...(await settleStrays(host))].filter(({ settled }) => settled);
    const exits = settlements.map((settlement) => showSettlement(output, settlement, "cleaned up"));
    const before = options.olderThan === undefined ? 0 : Date.now() - options.olderThan * 1000;
    for (const { metadata, state, unsettled } of listSandboxes(folders.state)) {
      const { slug, endedAt } = metadata;
      if (state === "running" || unsettled || endedAt === undefined || Date.parse(endedAt) >= before) continue;
      const kept = await countKept(context, metadata);
      if (kept > 0) {
        output.note(
          `${slug}  kept: ${kept} changes are in its copy alone   (caisson apply ${slug}, or caisson rm ${slug})`,
        );
        continue;
      }
      removeSandbox(folders.state, slug);
      output.show({ slug, done: "removed", leftovers: [] }, () => [`${slug}  removed`]);
    }
    finishRemovals(folders.state);
    if (settlements.length === 0) output.note("nothing was left over");
    return Math.max(0, ...exits);
  },
});

import { runFailure } from "../../run/errors.ts";
import { findSandbox } from "../../run/list-sandboxes.ts";
import { removeSandbox } from "../../run/remove-sandbox.ts";
import { stopSandbox } from "../../run/stop-sandbox.ts";
import { copyFailure } from "../../sandbox/workspace/copy/errors.ts";
import type { Metadata } from "../../spec/state-files.ts";
import { countKept } from "../copied-workspace.ts";
import { defineCommand } from "../frame/command.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { confirm } from "../frame/confirm.ts";
import { flag } from "../frame/option.ts";
import { settleHost } from "../settle-host.ts";

/** `caisson rm`. */
export const rmCommand = defineCommand({
  arguments: [{ name: "<slugs...>", summary: "the sandboxes: slugs, beginnings of slugs, or labels" }],
  options: { force: flag("-f, --force", "stop those that run, and lose changes that were not applied") },
  examples: [{ line: "caisson rm brisk-otter", does: "removes logs, events, audit and all else that is kept of it" }],
  exits: { 3: "no such sandbox", 6: "something of it is left", 7: "it is running, or its copy holds changes" },
  notes: [
    "The workspace is not touched. A copy of it (--workspace copy) goes: with changes in it that were not applied you are asked on a terminal, and need --force elsewhere.",
  ],
  run: async (context, { arguments: names, options }) => {
    const { output, folders } = context;
    const found = names.map((name) => findSandbox(folders.state, name));
    const running = found.find(({ state }) => state === "running");
    if (running !== undefined && !options.force) {
      throw runFailure("sandbox_running", { slug: running.metadata.slug });
    }
    for (const { metadata, state, unsettled } of found) {
      const { slug } = metadata;
      if (state !== "ended" || unsettled) {
        // What is left of it is known from its journal alone: that must not go first.
        const { leftovers } = await stopSandbox(settleHost(context), slug);
        if (leftovers.length > 0) throw runFailure("undo_failed", { slug, steps: leftovers });
      }
      if (!options.force) await keepUnapplied(context, metadata);
      removeSandbox(folders.state, slug);
      output.show({ slug, removed: true }, () => [`${slug}  removed`]);
    }
    return 0;
  },
});

/** Throws when what an agent made would be lost, unless the person says that it may. */
async function keepUnapplied(context: CommandContext, metadata: Metadata): Promise<void> {
  const changes = await countKept(context, metadata);
  if (changes === 0) return;
  const { slug } = metadata;
  const question = `${slug}: ${changes} change${changes === 1 ? " is" : "s are"} in its copy alone. Remove?`;
  if (context.input.isTerminal && !context.output.json && (await confirm(context, question))) return;
  throw copyFailure("changes_unapplied", { slug, changes });
}

import { runFailure } from "../../run/errors.ts";
import { findSandbox } from "../../run/list-sandboxes.ts";
import { removeSandbox } from "../../run/remove-sandbox.ts";
import { stopSandbox } from "../../run/stop-sandbox.ts";
import { defineCommand } from "../frame/command.ts";
import { flag } from "../frame/option.ts";
import { settleHost } from "../settle-host.ts";

/** `caisson rm`. */
export const rmCommand = defineCommand({
  arguments: [{ name: "<slugs...>", summary: "the sandboxes: slugs, beginnings of slugs, or labels" }],
  options: { force: flag("-f, --force", "stop those that run") },
  examples: [{ line: "caisson rm brisk-otter", does: "removes logs, events, audit and all else that is kept of it" }],
  exits: { 3: "no such sandbox", 6: "something of it is left", 7: "it is running" },
  notes: ["The workspace is not touched."],
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
      removeSandbox(folders.state, slug);
      output.show({ slug, removed: true }, () => [`${slug}  removed`]);
    }
    return 0;
  },
});

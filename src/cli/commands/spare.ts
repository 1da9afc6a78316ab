import { defineCommand } from "../frame/command.ts";
import { duration, flag } from "../frame/option.ts";

/** `caisson spare`. */
export const spareCommand = defineCommand({
  arguments: [],
  options: {
    for: duration("--for <duration>", "how long it waits for a run before it ends by itself (default: 10m)"),
    stop: flag("--stop", "end the one that waits"),
  },
  examples: [
    {
      line: "caisson spare",
      does: "the next caisson run starts in a fraction of the time, and so does each one after it",
    },
    { line: "caisson spare --for 8h", does: "the same, with pauses of up to eight hours between two runs" },
    { line: "caisson spare --stop", does: "ends it; runs go on, and later ones start as before" },
  ],
  exits: { 6: "it could not be started, or not be ended" },
  notes: [
    "A spare is a command line, a keeper and a gate that have booted and wait (some 60 MB). It becomes the next run on the local",
    "engine that is asked for with the same variables, limits and rights as this command; the next spare then boots beside",
    "that run. Any other run starts as always; caisson spare says why the last one did. Nothing is decided ahead: manifests,",
    "credentials and the workspace are read when a run is asked for.",
  ],
  run: async (context, { options }) => (await import("../spare/keep-spare.ts")).keepSpare(context, options),
});

import { defineCommand } from "../frame/command.ts";
import { choice, duration, flag } from "../frame/option.ts";

/** `caisson spare`. */
export const spareCommand = defineCommand({
  arguments: [],
  options: {
    for: duration("--for <duration>", "how long it waits for a run before it ends by itself (default: 10m)"),
    engine: choice("--engine <engine>", "docker: it also makes networks and gate there, for a run on docker", [
      "local",
      "docker",
    ]),
    stop: flag("--stop", "end the one that waits"),
  },
  examples: [
    {
      line: "caisson spare",
      does: "the next caisson run starts in a fraction of the time, and so does each one after it",
    },
    { line: "caisson spare --for 8h", does: "the same, with pauses of up to eight hours between two runs" },
    {
      line: "caisson spare --engine docker",
      does: "the same for runs on docker: networks and gate are there already when the next one is asked for",
    },
    { line: "caisson spare --stop", does: "ends it; runs go on, and later ones start as before" },
  ],
  exits: { 4: "not ready: docker was asked for and is not", 6: "it could not be started, or not be ended" },
  notes: [
    "A spare is a command line, a keeper and a gate that have booted and wait (some 60 MB). It becomes the next run on the local",
    "engine that is asked for with the same variables, limits and rights as this command; the next spare then boots beside",
    "that run. Any other run starts as always; caisson spare says why the last one did. Nothing is decided ahead: manifests,",
    "credentials and the workspace are read when a run is asked for. With --engine docker it also has two networks and the",
    "container of a gate that knows nothing and serves nobody; a run that fits gets them: on docker, with the gate's image of then,",
    "without published ports or a recording. Any other run makes its own, and these are taken away.",
  ],
  run: async (context, { options }) => (await import("../spare/keep-spare.ts")).keepSpare(context, options),
});

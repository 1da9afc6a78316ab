import { pruneImages } from "../../sandbox/docker/images/prune-images.ts";
import { defineCommand } from "../frame/command.ts";
import { openDocker } from "../open-docker.ts";
import { byteText } from "../output/byte-text.ts";

/** `caisson images prune`. */
export const imagesPruneCommand = defineCommand({
  arguments: [],
  options: {},
  examples: [{ line: "caisson images prune", does: "removes images that later builds took the place of" }],
  exits: { 4: "the engine does not answer" },
  notes: ["The latest of each target stays, and what a container was made from."],
  run: async (context) => {
    const { output } = context;
    const pruned = await pruneImages(await openDocker(context));
    if (pruned.length === 0) output.note("nothing to remove");
    for (const image of pruned) {
      const { reference, bytes, removed } = image;
      output.show(image, () => [`${removed ? "removed" : "in use "}  ${reference}  ${byteText(bytes)}`]);
    }
    return 0;
  },
});

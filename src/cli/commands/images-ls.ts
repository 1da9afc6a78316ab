import { listImages } from "../../sandbox/docker/images/list-images.ts";
import { defineCommand } from "../frame/command.ts";
import { openDocker } from "../open-docker.ts";
import { ageText } from "../output/age-text.ts";
import { alignColumns } from "../output/align-columns.ts";
import { byteText } from "../output/byte-text.ts";

/** `caisson images ls`. */
export const imagesLsCommand = defineCommand({
  arguments: [],
  options: {},
  examples: [{ line: "caisson images ls", does: "lists the images that were built here; a run takes the latest" }],
  exits: { 4: "the engine does not answer" },
  run: async (context) => {
    const { output } = context;
    const images = await listImages(await openDocker(context));
    if (images.length === 0) output.note("no image was built here yet: caisson images build");
    const lines = alignColumns(
      images.map(({ target, reference, bytes, createdAt, isLatest }) => [
        target,
        reference,
        byteText(bytes),
        `${ageText(Date.now() - Date.parse(createdAt))} ago`,
        isLatest ? "latest" : "",
      ]),
    );
    images.forEach((image, index) => {
      output.show(image, () => [(lines[index] ?? "").trimEnd()]);
    });
    return 0;
  },
});

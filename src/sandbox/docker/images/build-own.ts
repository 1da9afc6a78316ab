import { createHash } from "node:crypto";
import { buildImage } from "../../../host/docker/build-image.ts";
import { readImage } from "../../../host/docker/read-image.ts";
import type { BuildHost } from "./build-target.ts";
import { imagesBuiltOn } from "./dockerfile-stages.ts";
import { imageFailure } from "./errors.ts";
import { imageKey } from "./image-key.ts";
import { imageLabels, keyedImage, latestImage } from "./image-names.ts";
import { readOwnContext } from "./own-context.ts";
import { provideBase } from "./provide-base.ts";

/** The image of a person's own Dockerfile, as it is now. */
export interface OwnImage {
  readonly reference: string;
  /** Undefined while it is to be built. */
  readonly id?: string;
  readonly bytes: number;
  readonly state: "built" | "up to date" | "not built";
  readonly seconds: number;
}

/** What a build of one's own needs: npm is told nothing, since nothing is known of what the Dockerfile does. */
export type OwnBuildHost = Omit<BuildHost, "readNpm">;

/**
 * Has the image of a Dockerfile (an absolute path) with today's content of its folder and today's images that it builds on. It
 * is built when it is not there, unless `isDry`. Throws a Failure that names the step that failed.
 */
export async function buildOwn(
  host: OwnBuildHost,
  {
    path,
    digest,
    isDry,
  }: {
    readonly path: string;
    /** What the folder has to hold; anything else is refused. */
    readonly digest?: string | undefined;
    readonly isDry: boolean;
  },
): Promise<OwnImage> {
  const { docker, now, proxies } = host;
  const context = readOwnContext(path);
  if (digest !== undefined && context.digest !== digest) throw imageFailure("image_own_changed", { path });
  const target = `own-${createHash("sha256").update(path).digest("hex").slice(0, 8)}`;
  const baseIds: string[] = [];
  for (const image of imagesBuiltOn(context.dockerfile)) baseIds.push(await baseId(host, image));
  const content = new Map([[context.name, context.digest]]);
  const key = imageKey({ dockerfile: context.dockerfile, files: content, baseId: baseIds.join(" ") });
  const reference = keyedImage(target, key);
  const present = await readImage(docker, reference);
  if (present !== undefined)
    return { reference, id: present.id, bytes: present.bytes, state: "up to date", seconds: 0 };
  if (isDry) return { reference, bytes: 0, state: "not built", seconds: 0 };
  const startedAt = now();
  const request = {
    dockerfile: context.dockerfile,
    dockerfileName: context.name,
    files: context.files,
    tags: [reference, latestImage(target)],
    arguments: proxies,
    // In the place of those that it got from an image of ours below it.
    labels: { [imageLabels.target]: target, [imageLabels.key]: key },
  };
  const outcome = await buildImage(docker, request, host);
  if (!outcome.ok) throw imageFailure("image_own_failed", { path, ...outcome });
  const built = await readImage(docker, reference);
  if (built === undefined) throw imageFailure("image_missing", { image: reference });
  const seconds = Math.round((now() - startedAt) / 100) / 10;
  return { reference, id: built.id, bytes: built.bytes, state: "built", seconds };
}

/** One of ours is built by a command, and never pulled: nobody else may have that name somewhere. */
async function baseId(host: OwnBuildHost, image: string): Promise<string> {
  const present = await readImage(host.docker, image);
  if (present !== undefined) return present.id;
  if (/^caisson-[a-z-]+(:|$)/.test(image)) throw imageFailure("image_missing", { image });
  return (await provideBase(host, image)).id;
}

import type Docker from "dockerode";
import { imageLabels, keyedImage, latestImage } from "./image-names.ts";

/** One image of ours in the engine. */
export interface ListedImage {
  readonly target: string;
  readonly key: string;
  readonly reference: string;
  readonly id: string;
  readonly bytes: number;
  readonly createdAt: string;
  /** Whether a run takes it when nothing else is said. */
  readonly isLatest: boolean;
}

/** All images that were built here, newest first within a target. */
export async function listImages(docker: Docker): Promise<readonly ListedImage[]> {
  const images = await docker.listImages({ filters: { label: [imageLabels.target] } as never });
  return images
    .flatMap(({ Id, RepoTags, Labels, Size, Created }): ListedImage[] => {
      const target = Labels?.[imageLabels.target] ?? "";
      const tags = RepoTags ?? [];
      const keyed = keyedImage(target, Labels?.[imageLabels.key] ?? "");
      const reference =
        tags.find((tag) => tag === keyed) ?? tags.find((tag) => !tag.endsWith(":latest")) ?? tags[0] ?? Id;
      const isLatest = tags.includes(latestImage(target));
      const createdAt = new Date(Created * 1000).toISOString();
      return [{ target, key: Labels?.[imageLabels.key] ?? "", reference, id: Id, bytes: Size, createdAt, isLatest }];
    })
    .sort((a, b) => a.target.localeCompare(b.target, "en") || b.createdAt.localeCompare(a.createdAt, "en"));
}

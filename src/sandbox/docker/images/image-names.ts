import { targetLabel } from "../../../host/docker/image-labels.ts";

/** Repository of the images of a target. */
export const imageRepository = (target: string): string => `caisson-${target}`;

/** The image of a target that was built last. */
export const latestImage = (target: string): string => `${imageRepository(target)}:latest`;

/** The image of a target with this content (`imageKey`). */
export const keyedImage = (target: string, key: string): string => `${imageRepository(target)}:${key}`;

/** Labels of each image that we build. */
export const imageLabels = {
  target: targetLabel,
  key: "caisson.key",
  /** Which version of its CLI an agent's image has. */
  version: "caisson.version",
} as const;

/** On what only fetches: may hold how one signs in at a registry. */
export const fetchStageLabel = "caisson.stage=fetch";

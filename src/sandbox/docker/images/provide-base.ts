import type Docker from "dockerode";
import { pullImage } from "../../../host/docker/build-image.ts";
import { type ImageFacts, readImage } from "../../../host/docker/read-image.ts";
import { imageFailure } from "./errors.ts";

/** The image that another is built on: here, or pulled. Throws `image_base_missing`. */
export async function provideBase(
  host: { readonly docker: Docker; readonly tell: (line: string) => void; readonly signal: AbortSignal },
  image: string,
): Promise<ImageFacts> {
  const { docker, tell, signal } = host;
  const present = await readImage(docker, image);
  if (present !== undefined) return present;
  tell(`pulling ${image}`);
  const reason = await pullImage(docker, image, signal);
  const pulled = await readImage(docker, image);
  if (pulled === undefined) throw imageFailure("image_base_missing", { image, reason: reason ?? "not found" });
  return pulled;
}

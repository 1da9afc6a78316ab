import type Docker from "dockerode";
import { runOnce } from "../../../host/docker/run-once.ts";
import { imageFailure } from "./errors.ts";

/**
 * Makes sure that an image holds what a sandbox needs (`sh`, and these programs), by looking in a container without network.
 * Throws a Failure that lists all that is missing.
 */
export async function checkImage(
  docker: Docker,
  { image, programs }: { readonly image: string; readonly programs: readonly string[] },
): Promise<void> {
  const script = 'for name; do command -v "$name" >/dev/null 2>&1 || echo "lacks $name"; done';
  const outcome = await runOnce(docker, image, ["sh", "-c", script, "sh", ...programs]);
  const lacks = outcome.started
    ? [...outcome.output.matchAll(/^lacks (\S+?)\r?$/gm)].map(([, name = ""]) => name)
    : ["sh"];
  if (lacks.length > 0) throw imageFailure("image_lacks", { image, lacks });
}

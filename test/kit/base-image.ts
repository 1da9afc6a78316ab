import { createReadStream, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { baseArchiveKey, makeBaseArchive } from "../../bin/make-base-image/base-archive.ts";
import { importImage } from "../../bin/make-base-image/import-image.ts";
import { testCache } from "./docker-engine.ts";

/** Name of the image that the tests build on; for BASE_IMAGE. */
export const baseImage = `caisson-test-base:${baseArchiveKey}`;

/** Has the tests' base image in this engine: made once a machine (20 s), imported once an engine (3 s). */
export async function provideBaseImage(docker: Docker): Promise<string> {
  const isHere = await docker
    .getImage(baseImage)
    .inspect()
    .then(
      () => true,
      () => false,
    );
  if (isHere) return baseImage;
  const archive = join(testCache, `base-${baseArchiveKey}.tar`);
  mkdirSync(testCache, { recursive: true, mode: 0o700 });
  if (!existsSync(archive)) await makeBaseArchive(archive);
  await importImage(docker, { archive: createReadStream(archive), name: baseImage });
  return baseImage;
}

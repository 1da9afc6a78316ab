import type Docker from "dockerode";
import { buildImage } from "../../../host/docker/build-image.ts";
import { readImage } from "../../../host/docker/read-image.ts";
import type { NpmForBuilds } from "../../../host/package-client/npm-for-builds.ts";
import { argumentsOf, targetsOf } from "./dockerfile-stages.ts";
import { imageFailure } from "./errors.ts";
import { imageKey } from "./image-key.ts";
import { fetchStageLabel, imageLabels, imageRepository, keyedImage, latestImage } from "./image-names.ts";
import { type ImageSources, readDockerfile, readImageSources } from "./image-sources.ts";
import { provideBase } from "./provide-base.ts";

/** What a build needs of the world. */
export interface BuildHost {
  readonly docker: Docker;
  /** Where packages come from; asked for once something is really built. */
  readonly readNpm: () => Promise<NpmForBuilds | undefined>;
  /** Docker's own build arguments for a proxy (HTTP_PROXY and the like): they stay out of an image's history. */
  readonly proxies: Readonly<Record<string, string>>;
  readonly now: () => number;
  readonly tell: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What is wanted. */
export interface BuildWish {
  readonly target: string;
  /** Instead of the Dockerfile's own. */
  readonly base?: string | undefined;
  readonly network?: string | undefined;
}

/** An image that is there now. `seconds` is how long its build took. */
export interface ProvidedImage {
  readonly target: string;
  readonly reference: string;
  readonly key: string;
  readonly id: string;
  readonly bytes: number;
  readonly state: "built" | "up to date";
  readonly seconds: number;
}

/** The image of a target with today's content: found, or built. Throws a Failure when it cannot be built. */
export async function buildTarget(host: BuildHost, wish: BuildWish): Promise<ProvidedImage> {
  const recipe = await readRecipe(host, wish);
  return (await findBuilt(host.docker, recipe)) ?? build(host, wish, recipe);
}

/** Whether the image of a target is here with today's content; its base image is pulled if it is not. */
export async function isTargetBuilt(host: BuildHost, wish: BuildWish): Promise<boolean> {
  return (await findBuilt(host.docker, await readRecipe(host, wish))) !== undefined;
}

/** All that decides what an image will be. */
interface Recipe extends ImageSources {
  readonly target: string;
  readonly baseName: string;
  readonly key: string;
  readonly reference: string;
}

async function readRecipe(host: BuildHost, { target, base: wished }: BuildWish): Promise<Recipe> {
  const sources = await readImageSources(target);
  const known = targetsOf(readDockerfile());
  if (sources === undefined || !known.includes(target)) throw imageFailure("image_target_unknown", { target, known });
  const baseName = wished ?? argumentsOf(sources.dockerfile).get("BASE_IMAGE") ?? "";
  const base = await provideBase(host, baseName);
  const key = imageKey({ ...sources, baseId: base.id });
  return { ...sources, target, baseName, key, reference: keyedImage(target, key) };
}

/** The image that was built by this recipe; it is the target's latest from now on. */
async function findBuilt(docker: Docker, { target, key, reference }: Recipe): Promise<ProvidedImage | undefined> {
  const present = await readImage(docker, reference);
  if (present?.labels[imageLabels.key] !== key) return undefined;
  await docker.getImage(present.id).tag({ repo: imageRepository(target), tag: "latest" });
  return { target, reference, key, id: present.id, bytes: present.bytes, state: "up to date", seconds: 0 };
}

async function build(host: BuildHost, { network }: BuildWish, recipe: Recipe): Promise<ProvidedImage> {
  const { target, key, reference, dockerfile, files, baseName } = recipe;
  const startedAt = host.now();
  const npm = await host.readNpm();
  const given = { BASE_IMAGE: baseName, NPM_REGISTRY: npm?.registry, NPM_SIGN_IN: npm?.signIn, NPM_CA: npm?.ca };
  const declared = argumentsOf(dockerfile);
  const values = Object.entries(given).filter(([name, value]) => declared.has(name) && value !== undefined);
  const version = declared.get(`${target.toUpperCase().replaceAll("-", "_")}_VERSION`);
  const request = {
    dockerfile,
    files,
    target,
    tags: [reference, latestImage(target)],
    arguments: { ...host.proxies, ...(Object.fromEntries(values) as Record<string, string>) },
    labels: {
      [imageLabels.target]: target,
      [imageLabels.key]: key,
      ...(version && { [imageLabels.version]: version }),
    },
    network,
  };
  const before = await listFetched(host.docker);
  try {
    const outcome = await buildImage(host.docker, request, host);
    if (!outcome.ok) throw imageFailure("image_build_failed", { target, ...outcome });
  } finally {
    if (npm?.signIn !== undefined) await forgetFetched(host.docker, before);
  }
  const built = await readImage(host.docker, reference);
  if (built === undefined) throw imageFailure("image_missing", { image: reference });
  const seconds = Math.round((host.now() - startedAt) / 100) / 10;
  return { target, reference, key, id: built.id, bytes: built.bytes, state: "built", seconds };
}

/** Ids of what only fetched and has no name. */
async function listFetched(docker: Docker): Promise<readonly string[]> {
  const images = await docker.listImages({ filters: { dangling: ["true"], label: [fetchStageLabel] } as never });
  return images.map(({ Id }) => Id);
}

/** Removes what only fetched since: the arguments that it was built with, a sign-in among them, are in its history. */
async function forgetFetched(docker: Docker, before: readonly string[]): Promise<void> {
  const ids = (await listFetched(docker)).filter((id) => !before.includes(id));
  // The layers below go with it, unless something else is built on them.
  for (const id of ids) await docker.getImage(id).remove({ force: true });
}

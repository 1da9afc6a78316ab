import { readNpmForBuilds } from "../../src/host/package-client/npm-for-builds.ts";
import { openPackageClientHost } from "../../src/host/package-client/package-client-host.ts";
import { type BuildHost, buildTarget, isTargetBuilt } from "../../src/sandbox/docker/images/build-target.ts";
import { baseImage, provideBaseImage } from "./base-image.ts";
import { dockerEngineAt, reconnectDockerEngine } from "./docker-engine.ts";

const allTargets = ["gate", "base", "claude-code", "pi", "codex", "copilot", "opencode"];

/** How the tests build: on their own base image, over the machine's network (while the engine is open to it). */
export const testBuild = { base: baseImage, network: "host" } as const;

/**
 * Has the images of Caisson in the tests' engine, as `latest`. What lacks is built (some minutes the first time; a second
 * after a change of the gate); only then is the engine open to the machine's network for a moment.
 */
export async function provideTestImages(name: string, targets: readonly string[] = allTargets): Promise<void> {
  const docker = await dockerEngineAt(name).connect();
  await provideBaseImage(docker);
  const { environment, home } = { environment: process.env, home: process.env.HOME ?? "/" };
  const host: BuildHost = {
    docker,
    readNpm: () => readNpmForBuilds(openPackageClientHost({ environment, home })),
    proxies: {},
    now: () => performance.now(),
    tell: () => undefined,
    signal: new AbortController().signal,
  };
  const states = await Promise.all(targets.map((target) => isTargetBuilt(host, { target, ...testBuild })));
  if (states.every((isBuilt) => isBuilt)) return;
  await reconnectDockerEngine(name, "open");
  for (const target of targets) await buildTarget(host, { target, ...testBuild });
  await reconnectDockerEngine(name, "sealed");
}

import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { showHiddenImages } from "./hide-image.ts";

/** Removes what an earlier run, killed at any moment, or a test left in the tests' engine; what takes long to build stays. */
export async function removeLeftovers(docker: Docker): Promise<void> {
  let problem: unknown;
  const note = (error: unknown) => {
    problem = error;
  };
  // An engine that was killed finishes what it was at, and refuses meanwhile: it is asked again.
  for (const end = Date.now() + 60_000; ; await pause(100)) {
    const rounds = await removals(docker);
    if (rounds.every((round) => round.length === 0)) break;
    if (Date.now() > end)
      throw new Error("what an earlier run left in the engine cannot be removed", { cause: problem });
    for (const round of rounds) await Promise.all(round.map((remove) => remove().catch(note)));
  }
  await showHiddenImages(docker);
  for (const { Id, RepoTags, Labels } of await docker.listImages()) await removeTestsOwn(docker, Id, RepoTags, Labels);
}

/** What is there, as calls that remove it: containers before the networks and volumes that they hold. */
async function removals(docker: Docker): Promise<readonly (readonly (() => Promise<unknown>)[])[]> {
  const containers = await docker.listContainers({ all: true });
  const networks = await docker.listNetworks();
  const { Volumes } = await docker.listVolumes();
  const ours = networks.filter(({ Name }) => !["bridge", "host", "none"].includes(Name));
  return [
    containers.map(
      ({ Id }) =>
        () =>
          docker.getContainer(Id).remove({ force: true, v: true }),
    ),
    ours.map(
      ({ Id }) =>
        () =>
          docker.getNetwork(Id).remove(),
    ),
    (Volumes ?? []).map(
      ({ Name }) =>
        () =>
          docker.getVolume(Name).remove({ force: true }),
    ),
  ];
}

/**
 * An image that a test made would be seen by the same test of the next run. Those of `provideTestImages` stay, and what the
 * engine builds them on.
 */
async function removeTestsOwn(
  docker: Docker,
  id: string,
  tags: readonly string[] | undefined,
  labels: Readonly<Record<string, string>> | null,
): Promise<void> {
  const named = (tags ?? []).filter((tag) => tag !== "<none>:<none>");
  const made = named.filter((tag) => !/^caisson-(?!own-)[a-z-]+:(latest|[0-9a-f]{12})$/.test(tag));
  // Without a name, labelled as a target: what a test has replaced. Another image may build on it.
  const isReplaced = named.length === 0 && labels?.["caisson.target"] !== undefined;
  for (const name of isReplaced ? [id] : made)
    await docker
      .getImage(name)
      .remove()
      .catch(() => undefined);
}

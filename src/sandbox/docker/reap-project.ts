import { isSilent } from "../../host/docker/bounded-call.ts";
import type { EngineApi, Labelled } from "../../host/docker/engine-api.ts";
import { type DockerRole, dockerNames, labelNames, projectName } from "./docker-names.ts";

/** What the journal says of a sandbox in the engine. All may be missing. */
export interface DockerFacts {
  /** Marks the state folder: another's sandbox of the same name is not ours to end. */
  readonly state?: string;
  /** Set once what was begun is there: then nothing can turn up late. */
  readonly made?: boolean;
}

/** How long a container may turn up after its keeper was killed while it asked for it, and how often is looked. */
const lateMilliseconds = 1500;
const lookMilliseconds = 100;

/** Ends and removes a sandbox's containers of these roles. Idempotent. Returns what is left. */
export const reapContainers = (
  api: EngineApi,
  slug: string,
  facts: DockerFacts,
  roles: readonly DockerRole[],
): Promise<readonly string[]> =>
  reap(api, slug, facts, {
    find: async () => chosen(await api.listContainers(`${labelNames.slug}=${slug}`), facts, roles),
    remove: ({ id }) => api.removeContainer(id),
  });

/** Removes a sandbox's networks and volumes. Idempotent. Returns what is left. */
export async function reapNetworks(api: EngineApi, slug: string, facts: DockerFacts): Promise<readonly string[]> {
  const label = `${labelNames.slug}=${slug}`;
  const left = await Promise.all([
    reap(api, slug, facts, {
      find: async () => chosen(await api.listNetworks(label), facts),
      remove: ({ id }) => api.removeNetwork(id),
    }),
    reap(
      api,
      slug,
      { ...facts, made: true },
      {
        find: async () => chosen(await api.listVolumes(label), facts),
        remove: ({ name }) => api.removeVolume(name),
      },
    ),
  ]);
  return [...new Set(left.flat())];
}

function chosen(all: readonly Labelled[], facts: DockerFacts, roles?: readonly DockerRole[]): readonly Labelled[] {
  return all.filter(({ labels }) => {
    const isOurs = facts.state === undefined || labels[labelNames.state] === facts.state;
    return isOurs && (roles === undefined || roles.includes(labels[labelNames.role] as DockerRole));
  });
}

async function reap(
  api: EngineApi,
  slug: string,
  facts: DockerFacts,
  things: { find(): Promise<readonly Labelled[]>; remove(thing: Labelled): Promise<void> },
): Promise<readonly string[]> {
  try {
    // A list of a machine full of containers may take long; an engine that hangs is not to be waited for that long.
    await api.answers();
    const until = performance.now() + (facts.made === true ? 0 : lateMilliseconds);
    for (;;) {
      const found = await things.find();
      const outcomes = await Promise.allSettled(found.map((thing) => things.remove(thing)));
      const failed = outcomes.flatMap((outcome, index) =>
        outcome.status === "rejected" ? [`${found[index]?.name}: ${messageOf(outcome.reason)}`] : [],
      );
      if (failed.length > 0) return failed;
      if (found.length === 0 && performance.now() >= until) return [];
      if (found.length === 0) await new Promise((resolve) => setTimeout(resolve, lookMilliseconds));
    }
  } catch (error) {
    if (isSilent(error)) return [`docker does not answer: what ${dockerNames(slug).project} has there`];
    return [`${projectName(slug)}: ${messageOf(error)}`];
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

import { lookForDocker } from "../host/docker/look-for-docker.ts";
import { stateMark } from "../sandbox/docker/docker-names.ts";
import { statePaths } from "../sandbox/state-paths.ts";
import type { KeeperPlace } from "./engine-neutral-host.ts";
import { openDockerEngine } from "./open-docker-engine.ts";
import type { Settlement } from "./settle.ts";

/**
 * Ends what the docker engine of this environment has of this state folder's sandboxes that nobody is to settle any more. Another's
 * are not touched, nor is anything done where no engine answers: what a marker tells of is told as left by settling.
 */
export async function reapDockerStrays(
  place: Pick<KeeperPlace, "environment" | "stateRoot">,
  isKept: (slug: string) => boolean,
): Promise<readonly Settlement[]> {
  const presence = await lookForDocker(place.environment);
  if (!presence.answers) return [];
  const engine = await openDockerEngine(presence.endpoint.address);
  const found = await engine.list();
  // Looked at after the list: a launch marks its sandbox before it makes anything.
  const strays = found.filter(
    ({ slug, state }) => state === stateMark(statePaths(place.stateRoot, slug).dir) && !isKept(slug),
  );
  return await Promise.all(
    strays.map(async ({ slug, state }) => {
      const facts = { state, made: true };
      const leftovers = [...(await engine.reap(slug, facts)), ...(await engine.endGate(slug, facts))];
      return { slug, settled: true, leftovers };
    }),
  );
}

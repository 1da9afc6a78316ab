import { statusOf } from "../../host/docker/bounded-call.ts";
import type { EngineApi, EngineFacts } from "../../host/docker/engine-api.ts";
import { chooseSubnets, type Subnets } from "./choose-subnets.ts";
import { networkBody } from "./container-body.ts";
import type { DockerDefences } from "./defences.ts";
import { dockerNames } from "./docker-names.ts";
import type { DockerPlan } from "./docker-plan.ts";
import { dockerFailure } from "./errors.ts";
import { renderNetworks } from "./render-compose.ts";

const tries = 16;

/** Makes a sandbox's two networks, in address ranges that nobody has. */
export async function makeNetworks(
  { api, defences }: { readonly api: EngineApi; readonly defences: DockerDefences },
  plan: DockerPlan,
  engine: EngineFacts,
): Promise<Subnets> {
  const { project } = dockerNames(plan.slug);
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const subnets = chooseSubnets(plan.slug, attempt);
    const networks = renderNetworks(plan, { defences, engine, subnets });
    const outcomes = await Promise.allSettled(
      Object.entries(networks).map(([key, network]) => api.createNetwork(networkBody(project, key, network))),
    );
    const failed = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
    if (failed.length === 0) return subnets;
    const other = failed.find((error) => !isOverlap(error));
    await Promise.all(Object.values(networks).map(({ name }) => api.removeNetwork(name)));
    if (other !== undefined) throw other;
  }
  throw dockerFailure("docker_no_subnet", { tries });
}

const isOverlap = (error: unknown) =>
  (statusOf(error) ?? 0) >= 400 && /overlap|already in use|already allocated/i.test(String(error));

import { statusOf } from "../../host/docker/bounded-call.ts";
import type { EngineApi, EngineFacts } from "../../host/docker/engine-api.ts";
import { chooseSubnets, type Subnet } from "./choose-subnets.ts";
import { networkBody } from "./container-body.ts";
import type { DockerDefences } from "./defences.ts";
import { dockerNames } from "./docker-names.ts";
import type { NetworksPlan } from "./docker-plan.ts";
import { dockerFailure } from "./errors.ts";
import { renderNetwork } from "./render-compose.ts";

const tries = 16;

/** A sandbox's networks, each as soon as it is there. */
export interface MadeNetworks {
  readonly internal: Promise<Subnet>;
  readonly egress: Promise<Subnet>;
}

/**
 * Makes a sandbox's two networks, in address ranges that nobody has. One after the other: the engine's rules for them have one
 * lock, and side by side both would be late. The agent's comes first, so that its container starts while the other is made.
 */
export function makeNetworks(
  engine: {
    readonly api: EngineApi;
    readonly defences: DockerDefences;
    facts(): Promise<EngineFacts>;
    /** Called before the first is asked for. */
    record(): void;
  },
  plan: NetworksPlan,
): MadeNetworks {
  const { api, defences } = engine;
  const make = async (role: "internal" | "egress"): Promise<Subnet> => {
    const facts = await engine.facts();
    if (role === "internal") engine.record();
    const { project } = dockerNames(plan.slug);
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const subnet = chooseSubnets(plan.slug, attempt)[role];
      try {
        await api.createNetwork(
          networkBody(project, role, renderNetwork(plan, role, { defences, engine: facts, subnet })),
        );
        return subnet;
      } catch (error) {
        if (!isOverlap(error)) throw error;
      }
    }
    throw dockerFailure("docker_no_subnet", { tries });
  };
  const internal = make("internal");
  const egress = internal.then(() => make("egress"));
  egress.catch(() => {}); // Whoever waits for it is told.
  return { internal, egress };
}

const isOverlap = (error: unknown) =>
  (statusOf(error) ?? 0) >= 400 && /overlap|already in use|already allocated/i.test(String(error));

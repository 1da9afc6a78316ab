import type { EngineFacts } from "../../host/docker/engine-api.ts";
import type { ExecRequest, LaunchPlan } from "../../spec/engine.ts";
import { sandboxEnvironment } from "../environment.ts";
import { type SeccompOptions, type SeccompRules, seccompRules } from "../seccomp/seccomp-rules.ts";

/**
 * Everything that keeps an agent in, one entry per defence. Handed to the engine as a record, so that the attack battery
 * can take exactly one away and show that the attack then succeeds; nothing else ever passes another record.
 */
export interface DockerDefences {
  readonly capabilities: { readonly cap_drop?: readonly string[]; readonly cap_add?: readonly string[] };
  readonly privileges: readonly string[];
  readonly readOnlyRoot: boolean;
  /** Undefined leaves the engine's own filter. */
  seccomp(options: SeccompOptions): SeccompRules | undefined;
  /** No route out of the agent's network. */
  readonly internalOnly: boolean;
  /** Options that keep the host's address off the agent's network. */
  bridge(engine: EngineFacts): Readonly<Record<string, string>>;
  /** What the engine's resolver would ask about names that are not ours: nobody, in the agent's own network. */
  readonly resolvers: readonly string[];
  /** The agent's own resolver file and name order: no lookup leaves for the engine's resolver by itself. */
  readonly ownResolverFiles: boolean;
  /** All limits of a container. */
  readonly limits: boolean;
  /** All variables of a command inside besides the image's: built from nothing, never from ours. */
  environment(plan: LaunchPlan, request: ExecRequest): Readonly<Record<string, string>>;
}

/** The defences of every real sandbox. */
export const dockerDefences: DockerDefences = {
  capabilities: { cap_drop: ["ALL"] },
  privileges: ["no-new-privileges:true"],
  readOnlyRoot: true,
  seccomp: seccompRules,
  internalOnly: true,
  bridge: ({ version }) =>
    Number.parseInt(version, 10) >= 28
      ? { "com.docker.network.bridge.gateway_mode_ipv4": "isolated" }
      : { "com.docker.network.bridge.inhibit_ipv4": "true" },
  resolvers: ["127.0.0.1"],
  ownResolverFiles: true,
  limits: true,
  environment: (plan, request) => {
    const { PATH, ...rest } = sandboxEnvironment(plan);
    return { ...rest, ...(PATH !== "" && { PATH }), ...plan.environment, ...request.environment };
  },
};

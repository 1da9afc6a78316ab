import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { Failure } from "../../base/failure.ts";
import { statusOf } from "../../host/docker/bounded-call.ts";
import type { EngineApi, EngineFacts } from "../../host/docker/engine-api.ts";
import { splitOutput } from "../../host/docker/split-output.ts";
import { chooseSubnets, type Subnets } from "./choose-subnets.ts";
import type { ComposeFile } from "./compose-file.ts";
import { containerBody } from "./container-body.ts";
import type { DockerDefences } from "./defences.ts";
import type { DockerHost } from "./docker-host.ts";
import { dockerNames } from "./docker-names.ts";
import type { DockerPlan, PinnedImage } from "./docker-plan.ts";
import { dockerFailure } from "./errors.ts";
import { type KeptOutput, keepOutput } from "./keep-output.ts";
import { makeMountPoints } from "./make-mount-points.ts";
import type { MadeNetworks } from "./make-networks.ts";
import { prepareDockerFolders } from "./prepare-docker-folders.ts";
import { type DockerMount, renderCompose } from "./render-compose.ts";
import { writeSeccomp } from "./write-seccomp.ts";

/** What every act of the docker engine needs. */
export interface DockerContext {
  readonly api: EngineApi;
  readonly host: DockerHost;
  readonly defences: DockerDefences;
  readonly engine: EngineFacts;
}

/** Longest that a service may take to become healthy. */
const healthSeconds = 60;
const healthPauseMilliseconds = 100;

/** Writes the topology down and starts the agent's container and the services, side by side. Resolves when they run. */
export async function startAgent(
  context: DockerContext,
  plan: DockerPlan,
  mounts: readonly DockerMount[],
  networks: MadeNetworks,
): Promise<{ readonly id: string; readonly initPid: number; readonly outputs: ReadonlyMap<string, KeptOutput> }> {
  const { defences, engine, host } = context;
  prepareDockerFolders(plan);
  const render = (subnets: Subnets) =>
    renderCompose(plan, { defences, engine, subnets, processors: host.processors, mounts });
  const internal = await networks.internal;
  // Only the gate is on the other network, which may still be under way: of what is made here nothing depends on it.
  const compose = render({ ...chooseSubnets(plan.slug, 0), internal });
  makeMountPoints(plan, compose.services.agent?.volumes ?? []);
  const writing = networks.egress.then((egress) => {
    const text = stringify(render({ internal, egress }), { aliasDuplicateObjects: false });
    writeFileSync(join(plan.stateDir, "docker-compose.yml"), text, { mode: 0o600 });
  });
  const profile = writeSeccomp(host.arch, defences, plan, "agent");
  const outputs = new Map<string, KeptOutput>();
  const starting = [
    startService(context, plan, compose, { name: "agent", image: plan.agentImage, ...(profile && { profile }) }),
    ...plan.services.map(async ({ name, image, health }) => {
      const created = (output: KeptOutput) => void outputs.set(name, output);
      const started = await startService(context, plan, compose, { name, image, created }).catch((error: unknown) => {
        throw withLastWords(error, name, outputs.get(name));
      });
      if (health !== undefined)
        await healthy(context.api, started.id, name, () => outputs.get(name)?.lastWords() ?? "");
      return started;
    }),
  ] as const;
  // All of them are waited for: one that were still being made when the others are undone would be left.
  const outcomes = await Promise.allSettled([...starting, writing]);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  return { ...(await starting[0]), outputs };
}

async function startService(
  { api }: DockerContext,
  plan: DockerPlan,
  compose: ComposeFile,
  {
    name,
    image,
    profile,
    created,
  }: {
    readonly name: string;
    readonly image: PinnedImage;
    readonly profile?: string;
    /** Gets what it says, from its first byte. */
    readonly created?: (output: KeptOutput) => void;
  },
): Promise<{ readonly id: string; readonly initPid: number }> {
  const service = compose.services[name];
  if (service === undefined) throw new Error(`the topology has no ${name}`);
  const { project, container } = dockerNames(plan.slug);
  const application = {
    project,
    service: name,
    stateDir: plan.stateDir,
    imageId: image.id,
    ...(profile !== undefined && { profile }),
  };
  const id = await api.createContainer(container(name), containerBody(service, application, compose.networks));
  if (created) {
    const { stdout, stderr } = splitOutput(await api.attach(id));
    created(keepOutput([stdout, stderr]));
  }
  await api.startContainer(id).catch((error: unknown) => {
    if (statusOf(error) === 400 && /\/bin\/sh|executable file not found|no such file/i.test(String(error)))
      throw dockerFailure("docker_no_shell", { image: image.reference }, { cause: error });
    throw error;
  });
  const state = await api.inspectContainer(id);
  if (state?.isRunning !== true) {
    const detail = state === undefined ? "it is gone" : state.error || `code ${state.exitCode}`;
    throw dockerFailure("docker_start_failed", { service: name, detail });
  }
  return { id, initPid: state.pid };
}

/** A service that ended at once says why in its output more often than in its exit code. */
function withLastWords(error: unknown, service: string, output: KeptOutput | undefined): unknown {
  const words = output?.lastWords() ?? "";
  if (!(error instanceof Failure) || error.code !== "docker_start_failed" || words === "") return error;
  return dockerFailure("docker_start_failed", { service, detail: `${error.data.detail}: ${words}` }, { cause: error });
}

async function healthy(api: EngineApi, id: string, service: string, lastWords: () => string): Promise<void> {
  const until = performance.now() + healthSeconds * 1000;
  for (;;) {
    const state = await api.inspectContainer(id);
    if (state?.health === "healthy") return;
    if (state?.isRunning !== true)
      throw dockerFailure("docker_start_failed", { service, detail: `it ended: ${lastWords()}` });
    if (performance.now() > until || state.health === "unhealthy")
      throw dockerFailure("docker_service_unhealthy", { service, seconds: healthSeconds, said: lastWords() });
    await new Promise((resolve) => setTimeout(resolve, healthPauseMilliseconds));
  }
}

import type { Duplex } from "node:stream";
import { isSilent } from "../../host/docker/bounded-call.ts";
import type { EngineApi } from "../../host/docker/engine-api.ts";
import { splitOutput } from "../../host/docker/split-output.ts";
import type { PublishedPort } from "../../spec/policy.ts";
import type { GateProcess } from "../gate-process.ts";
import { chooseSubnets, type Subnets } from "./choose-subnets.ts";
import { containerBody, endpointsOf } from "./container-body.ts";
import { dockerNames } from "./docker-names.ts";
import type { GatePlan } from "./docker-plan.ts";
import { dockerFailure } from "./errors.ts";
import type { MadeNetworks } from "./make-networks.ts";
import { agentAddress, gateAddress, gateOutsideAddress, renderGate, renderNetworks } from "./render-compose.ts";
import type { DockerContext } from "./start-agent.ts";
import { writeSeccomp } from "./write-seccomp.ts";

/** A gate in a container may outlive the engine's process, and its channel with it: it listens for these to come. */
const signOfLifeSeconds = 5;

/** A gate in its container, and where things are from there. */
export interface StartedGate extends GateProcess {
  /** Where it is on the agent's network. */
  readonly address: string;
  /** Where published ports are led to; resolves when it is in the network that leads out, fails when it could not be put there. */
  readonly outsideAddress: Promise<string>;
  readonly agentAddress: string;
  /** Published ports, with those outside that the engine chose. */
  readonly ports: readonly PublishedPort[];
}

/**
 * Starts the gate's container, attached from its first byte. Its control channel is its input and output; that it ends
 * with its input is the engine's doing and its own.
 */
export async function startGateContainer(
  context: DockerContext,
  plan: GatePlan,
  made: MadeNetworks,
): Promise<StartedGate> {
  const { api, defences, engine, host } = context;
  const { project, container } = dockerNames(plan.slug);
  const application = {
    project,
    service: "gate",
    stateDir: plan.stateDir,
    imageId: plan.gateImage.id,
    profile: writeSeccomp(host.arch, defences, { ...plan, unixSockets: "deny" }, "gate") ?? "unconfined",
    inputEndsWithClient: true,
  };
  const rendered = (subnets: Subnets) => {
    const networks = renderNetworks(plan, { defences, engine, subnets });
    const service = renderGate(plan, { subnets });
    return { body: containerBody(service, application, networks), further: endpointsOf(service, networks).slice(1) };
  };
  const internal = await made.internal;
  // What its container is made from does not say where it is in its other network, which is still under way.
  const { body } = rendered({ ...chooseSubnets(plan.slug, 0), internal });
  const id = await api.createContainer(container("gate"), body);
  const stream = await api.attach(id);
  stream.on("error", () => {}); // A channel that broke shows in its end.
  const connect = async () => {
    const egress = await made.egress;
    for (const [network, endpoint] of rendered({ internal, egress }).further)
      await api.connectNetwork(network, id, endpoint);
    return gateOutsideAddress({ egress });
  };
  // Where ports are published a start in both networks tells which they got. Else it boots while the engine makes its way out.
  const publishes = plan.ports.length > 0;
  const early = publishes ? await connect() : undefined;
  const starting = api.startContainer(id).catch((error: unknown) => {
    const detail = takenPort(String(error));
    throw detail === undefined ? error : dockerFailure("docker_port_taken", { detail }, { cause: error });
  });
  // All that is made is there when this resolves: nothing may turn up after an undo.
  const outcomes = await Promise.allSettled([starting, made.egress]);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  const outsideAddress = early === undefined ? connect() : Promise.resolve(early);
  outsideAddress.catch(() => {}); // Whoever waits for it is told.
  const state = publishes ? await api.inspectContainer(id) : undefined;
  const { stdout, stderr } = splitOutput(stream);
  // Between two lines of the channel's: each is written in one go.
  const life = setInterval(() => void (stream.writable && stream.write("\n")), signOfLifeSeconds * 1000);
  life.unref();
  stream.once("close", () => clearInterval(life));
  return {
    facts: { gate: id },
    address: gateAddress({ internal }),
    outsideAddress,
    agentAddress: agentAddress({ internal }),
    ports: boundPorts(plan.ports, state?.ports ?? []),
    input: stream,
    output: stdout,
    errors: stderr,
    ended: ended(api, id, stream),
    kill: () => void api.removeContainer(id).catch(() => {}),
  };
}

/** The place that somebody else has, as engine and proxy word it. */
function takenPort(error: string): string | undefined {
  const place =
    /(?:Bind for|listen tcp[46]?) (\S+?):? (?:failed: port is already allocated|bind: address already in use)/;
  const found = place.exec(error)?.[1];
  return found === undefined ? undefined : `${found} is taken`;
}

/** Fills in what the engine chose. Pure. */
export function boundPorts(
  wanted: readonly PublishedPort[],
  bound: readonly { readonly address: string; readonly outside: number; readonly inside: number }[],
): readonly PublishedPort[] {
  const named = new Set(wanted.map(({ hostAddress, hostPort, port }) => `${hostAddress} ${hostPort} ${port}`));
  const chosen = bound.filter(({ address, outside, inside }) => !named.has(`${address} ${outside} ${inside}`));
  return wanted.map((published) => {
    if (published.hostPort !== 0) return published;
    const at = chosen.findIndex((b) => b.inside === published.port && b.address === published.hostAddress);
    const [found] = at < 0 ? [] : chosen.splice(at, 1);
    return { ...published, hostPort: found?.outside ?? 0 };
  });
}

/** The channel's end is the gate's: without it nobody answers for what it lets through. */
async function ended(api: EngineApi, id: string, stream: Duplex): Promise<string> {
  await new Promise<void>((resolve) => stream.once("close", resolve));
  const look = () =>
    api.inspectContainer(id).catch((error: unknown) => (isSilent(error) ? ("silent" as const) : undefined));
  let state = await look();
  // Its channel ends a moment before the engine says that it has: who stopped it in order may be about to remove it.
  for (let looks = 0; looks < 10 && state !== undefined && state !== "silent" && state.isRunning; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    state = await look();
  }
  if (state === "silent") return "the docker engine does not answer";
  if (state === undefined) return "its container is gone";
  if (!state.isRunning) return `ended with code ${state.exitCode}`;
  await api.removeContainer(id).catch(() => {});
  return "its control channel broke";
}

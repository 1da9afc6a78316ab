import type { Duplex, Readable } from "node:stream";
import type Docker from "dockerode";
import { createLineSplitter } from "../../base/line-splitter.ts";
import { boundedCall, statusOf } from "./bounded-call.ts";
import type { EngineApi, EngineEvent, Labelled } from "./engine-api.ts";

/** How often a removal is asked for again while somebody else's removal is under way, and how long between. */
const removalTries = 100;
const removalPauseMilliseconds = 50;

/** A ping waits for nothing but the engine itself. */
const pingSeconds = 5;

const maxEventBytes = 1024 ** 2;

/** The engine that a client of `connectDocker` speaks to. */
export function createEngineApi(docker: Docker): EngineApi {
  const container = (id: string) => docker.getContainer(id);
  return {
    facts: () =>
      boundedCall("ask the engine's version", async () => {
        const { Version, ApiVersion } = await docker.version();
        return { version: Version, apiVersion: ApiVersion };
      }),
    answers: () => boundedCall("ask whether it is there", () => docker.ping(), pingSeconds).then(() => {}),
    createNetwork: (body) =>
      boundedCall(`make network ${body.Name}`, async (abortSignal) => {
        await docker.createNetwork({ _query: {}, _body: body, abortSignal } as never);
      }),
    connectNetwork: (network, id, endpoint) =>
      boundedCall(`connect a container to ${network}`, async (abortSignal) => {
        await docker
          .getNetwork(network)
          .connect(cut({ Container: id, EndpointConfig: endpoint }, abortSignal) as object);
      }),
    removeNetwork: (network) => removeNetwork(docker, network),
    listNetworks: (label) =>
      boundedCall("list networks", async (abortSignal) => {
        const found = await docker.listNetworks(cut({ filters: { label: [label] } }, abortSignal));
        return found.map(({ Id, Name, Labels }) => ({ id: Id, name: Name, labels: Labels ?? {} }));
      }),
    createContainer: (name, body) =>
      boundedCall(`make container ${name}`, async (abortSignal) => {
        // Told apart: else the library writes all of the body into the address, too.
        const made = await docker.createContainer({ _query: { name }, _body: body, abortSignal } as never);
        return made.id;
      }),
    startContainer: (id) =>
      boundedCall("start a container", async (abortSignal) => {
        await container(id).start({ abortSignal });
      }),
    inspectContainer: (id) =>
      unlessMissing(
        boundedCall("look at a container", async (abortSignal) => {
          const { Id, State, NetworkSettings } = await container(id).inspect({ abortSignal });
          const health = State.Health?.Status;
          return {
            id: Id,
            isRunning: State.Running,
            exitCode: State.ExitCode,
            pid: State.Pid,
            error: State.Error,
            ports: Object.entries(NetworkSettings.Ports ?? {}).flatMap(([inside, places]) =>
              // Null where a port is only exposed.
              (places ?? []).map(({ HostIp, HostPort }) => ({
                address: HostIp,
                outside: Number(HostPort),
                inside: Number.parseInt(inside, 10),
              })),
            ),
            ...(health !== undefined && { health }),
          };
        }),
      ),
    removeContainer: (id) =>
      removed(`remove container ${id}`, (abortSignal) => container(id).remove({ force: true, v: true, abortSignal })),
    listContainers: (label) =>
      boundedCall("list containers", async (abortSignal) => {
        const found = await docker.listContainers({ all: true, filters: { label: [label] }, abortSignal });
        return found.map(
          ({ Id, Names, Labels }): Labelled => ({ id: Id, name: (Names[0] ?? Id).replace(/^\//, ""), labels: Labels }),
        );
      }),
    listVolumes: (label) =>
      boundedCall("list volumes", async (abortSignal) => {
        const { Volumes } = await docker.listVolumes(cut({ filters: { label: [label] } as never }, abortSignal));
        return (Volumes ?? []).map(({ Name, Labels }): Labelled => ({ id: Name, name: Name, labels: Labels ?? {} }));
      }),
    removeVolume: (volume) =>
      removed(`remove volume ${volume}`, (abortSignal) =>
        docker.getVolume(volume).remove(cut({ force: true }, abortSignal)),
      ),
    waitContainer: async (id, signal) => {
      const { StatusCode } = (await container(id).wait({ abortSignal: signal })) as { StatusCode: number };
      return StatusCode;
    },
    attach: (id) =>
      boundedCall("attach to a container", async (abortSignal) => {
        const streams = { stdin: true, stdout: true, stderr: true };
        const stream = await container(id).attach({ stream: true, hijack: true, ...streams, abortSignal } as never);
        return stream as unknown as Duplex;
      }),
    exec: (id, body) =>
      boundedCall("start a command in a container", async (abortSignal) => {
        const streams = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
        const made = await container(id).exec({ ...body, ...streams, abortSignal } as never);
        const stream = await made.start({ hijack: true, stdin: true, Tty: body.Tty, abortSignal } as never);
        return { id: made.id, stream };
      }),
    resizeExec: (id, columns, rows) =>
      boundedCall("resize a terminal", async (abortSignal) => {
        await docker.getExec(id).resize(cut({ h: rows, w: columns }, abortSignal));
      }),
    inspectExec: (id) =>
      boundedCall("look at a command", async (abortSignal) => {
        const { Running, ExitCode } = await docker.getExec(id).inspect({ abortSignal });
        return { isRunning: Running, exitCode: ExitCode };
      }),
    followEvents: async (label, signal, tell) => {
      const filters = { type: ["container"], label: [label] };
      const stream = (await boundedCall("follow the engine's events", () =>
        docker.getEvents(cut({ filters: filters as never }, signal)),
      )) as Readable;
      tellEvents(stream, tell);
      return { over: new Promise<void>((resolve) => void stream.once("close", resolve)) };
    },
  };
}

/** Options of a call that ends with the signal: the library's types know of that for some calls only. */
const cut = <T extends object>(options: T, abortSignal: AbortSignal): T => ({ ...options, abortSignal });

/** Never fails: a stream that broke off tells nothing more. */
function tellEvents(stream: Readable, tell: (event: EngineEvent) => void): void {
  const split = createLineSplitter(maxEventBytes);
  stream.on("error", () => {});
  stream.on("data", (bytes: Buffer) => {
    for (const line of split(bytes)) {
      const { Action, Actor } = JSON.parse(line) as {
        Action?: string;
        Actor?: { ID?: string; Attributes?: Record<string, string> };
      };
      tell({ action: Action ?? "", container: Actor?.ID ?? "", attributes: Actor?.Attributes ?? {} });
    }
  });
}

async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** Asks for a removal until the thing is not there: another's removal of it may be under way. */
async function removed(act: string, remove: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await boundedCall(act, remove);
      return;
    } catch (error) {
      const status = statusOf(error);
      if (status === 404) return;
      if (status !== 409 || tries >= removalTries) throw error;
      await new Promise((resolve) => setTimeout(resolve, removalPauseMilliseconds));
    }
  }
}

async function removeNetwork(docker: Docker, name: string): Promise<void> {
  const network = docker.getNetwork(name);
  const act = `remove network ${name}`;
  const facts = await unlessMissing(boundedCall(act, () => network.inspect() as Promise<{ Containers?: object }>));
  if (facts === undefined) return;
  for (const id of Object.keys(facts.Containers ?? {})) {
    await unlessMissing(
      boundedCall(act, (abortSignal) => network.disconnect(cut({ Container: id, Force: true }, abortSignal))),
    );
  }
  await unlessMissing(boundedCall(act, (abortSignal) => network.remove(cut({}, abortSignal))));
}

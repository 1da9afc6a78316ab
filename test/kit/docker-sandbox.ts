import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cgroupFiles } from "../../src/host/cgroup/cgroup-files.ts";
import { createEngineApi } from "../../src/host/docker/create-engine-api.ts";
import type { EngineApi } from "../../src/host/docker/engine-api.ts";
import { fileFacts } from "../../src/host/process/file-facts.ts";
import { procTable } from "../../src/host/process/process-table.ts";
import { removeTree } from "../../src/host/process/remove-tree.ts";
import { type DockerDefences, dockerDefences } from "../../src/sandbox/docker/defences.ts";
import { createDockerEngine, type DockerEngine, type DockerSandbox } from "../../src/sandbox/docker/docker-engine.ts";
import type { DockerPlan } from "../../src/sandbox/docker/docker-plan.ts";
import type { DockerFacts } from "../../src/sandbox/docker/reap-project.ts";
import type { DockerMount } from "../../src/sandbox/docker/render-compose.ts";
import type { GateProcess } from "../../src/sandbox/gate-process.ts";
import { baseImage } from "./base-image.ts";
import { dockerEngineAt } from "./docker-engine.ts";

/** A docker engine of ours on the tests' one, and what plans for it are made of. */
export interface DockerTestWorld {
  readonly api: EngineApi;
  readonly engine: DockerEngine;
  plan(slug: string, stateDir: string, changes?: Partial<DockerPlan>): DockerPlan;
  /** An image of the engine's, pinned. */
  image(reference: string): Promise<{ readonly reference: string; readonly id: string }>;
}

let count = 0;

/** A slug that no other test has at the same time. */
export function freshSlug(): string {
  count += 1;
  return `part-${process.pid.toString(36)}-${count}`;
}

/** Opens a world on the engine of this name (`inject("dockerEngine")`). */
export async function openDockerWorld(name: string, defences: Partial<DockerDefences> = {}): Promise<DockerTestWorld> {
  const docker = await dockerEngineAt(name).connect();
  const api = createEngineApi(docker);
  const host = {
    files: fileFacts,
    processes: procTable,
    cgroups: cgroupFiles,
    arch: process.arch as "x64" | "arm64",
    processors: 1,
  };
  const image = async (reference: string) => ({ reference, id: (await docker.getImage(reference).inspect()).Id });
  const [agentImage, gateImage] = await Promise.all([image(baseImage), image("caisson-gate:latest")]);
  return {
    api,
    image,
    engine: createDockerEngine({ docker: api, host, defences: { ...dockerDefences, ...defences } }),
    plan: (slug, stateDir, changes = {}) => ({
      slug,
      stateDir,
      workspace: { mode: "none" },
      workdir: "/home/agent",
      home: "/home/agent",
      keeps: [],
      hostname: slug,
      umask: 0o022,
      limits: {
        cpus: 1,
        memoryBytes: 1024 ** 3,
        processes: 256,
        diskBytes: 1024 ** 3,
        timeoutSeconds: 60,
        idleSeconds: 3600,
        outputBytes: 1024 ** 2,
      },
      mounts: [],
      toolDirs: [],
      path: [],
      environment: {},
      unixSockets: "deny",
      files: [],
      proxy: { host: "gate", port: 3128 },
      agentImage,
      gateImage,
      user: { uid: 1000, gid: 1000 },
      services: [],
      ports: [],
      ...changes,
    }),
  };
}

/** A sandbox of a test, with a gate where asked for; all of it is removed at the end. */
export interface DockerBox extends AsyncDisposable {
  readonly slug: string;
  readonly stateDir: string;
  readonly prepared: DockerSandbox;
  readonly sandbox: DockerSandbox["sandbox"];
  readonly gate: (GateProcess & { readonly address: string }) | undefined;
  readonly recorded: readonly DockerFacts[];
}

/** Makes one. */
export async function launchDockerBox(
  world: DockerTestWorld,
  changes: Partial<DockerPlan> = {},
  options: { readonly mounts?: readonly DockerMount[]; readonly withGate?: boolean } = {},
): Promise<DockerBox> {
  const { engine } = world;
  const slug = changes.slug ?? freshSlug();
  const stateDir = mkdtempSync(join(tmpdir(), "caisson-docker-"));
  const recorded: DockerFacts[] = [];
  const record = (facts: DockerFacts) => void recorded.push(facts);
  const end = async () => {
    const left = [...(await engine.reap(slug, { made: true })), ...(await engine.endGate(slug, { made: true }))];
    removeTree(stateDir);
    if (left.length > 0) throw new Error(`left of ${slug}: ${left.join(", ")}`);
  };
  try {
    const plan = world.plan(slug, stateDir, changes);
    const [gate, prepared] = await Promise.all([
      options.withGate === true ? engine.startGate(plan, record) : undefined,
      engine.prepare(plan, { mounts: options.mounts ?? [] }, record),
    ]);
    await gate?.outsideAddress;
    return { slug, stateDir, prepared, sandbox: prepared.sandbox, gate, recorded, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

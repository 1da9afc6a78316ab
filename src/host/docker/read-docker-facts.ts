import { connectDocker } from "./connect-docker.ts";
import { readDockerEndpoint } from "./docker-endpoint.ts";
import { targetLabel } from "./image-labels.ts";
import { runtimesOf } from "./read-runtimes.ts";

/** What a Docker engine says of itself. */
export interface DockerEngineFacts {
  readonly version: string;
  readonly storageDriver: string;
  readonly cgroupVersion: string;
  readonly runtimes: readonly string[];
  /** Limits that it cannot keep here. */
  readonly lacksLimits: readonly string[];
  /** Targets of Caisson's images that it has. */
  readonly images: readonly string[];
}

/** How the Docker engine that this environment names is doing. */
export interface DockerFacts {
  readonly address: string;
  /** Whether that is the system's own socket, so that starting the system's engine would help. */
  readonly isSystems: boolean;
  /** Undefined when it does not answer; then `problem` says why. */
  readonly engine?: DockerEngineFacts;
  readonly problem?: "refused" | "silent" | "unusable";
}

/** Asks the engine, for at most 5 s. Never throws. */
export async function readDockerFacts(environment: Readonly<Record<string, string | undefined>>): Promise<DockerFacts> {
  let address = environment.DOCKER_HOST ?? "";
  let isSystems = false;
  try {
    const endpoint = readDockerEndpoint(environment);
    address = endpoint.address;
    isSystems = endpoint.kind === "unix" && /^(\/var)?\/run\/docker\.sock$/.test(endpoint.path);
  } catch {
    return { address, isSystems, problem: "unusable" };
  }
  try {
    return { address, isSystems, engine: await withinSeconds(askEngine(environment), 5) };
  } catch (error) {
    const isRefused = error instanceof Error && "code" in error && error.code === "EACCES";
    return { address, isSystems, problem: isRefused ? "refused" : "silent" };
  }
}

async function askEngine(environment: Readonly<Record<string, string | undefined>>): Promise<DockerEngineFacts> {
  const docker = await connectDocker(environment);
  const [info, images] = await Promise.all([
    docker.info() as Promise<Record<string, unknown>>,
    docker.listImages({ filters: { label: [targetLabel] } as never }),
  ]);
  const limits = { memory: "MemoryLimit", cpu: "CpuCfsQuota", processes: "PidsLimit" };
  const named = images.filter(({ RepoTags }) => RepoTags?.some((tag) => tag.endsWith(":latest")));
  return {
    version: String(info.ServerVersion),
    storageDriver: String(info.Driver),
    cgroupVersion: String(info.CgroupVersion ?? "1"),
    runtimes: runtimesOf(info),
    lacksLimits: Object.entries(limits).flatMap(([limit, key]) => (info[key] === false ? [limit] : [])),
    images: [...new Set(named.map(({ Labels }) => Labels?.[targetLabel] ?? ""))].sort(),
  };
}

async function withinSeconds<T>(promise: Promise<T>, seconds: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`took over ${seconds} s`)), seconds * 1000);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

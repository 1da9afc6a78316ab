import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { procTable } from "../../src/host/process/process-table.ts";
import { statePaths } from "../../src/sandbox/state-paths.ts";
import { dockerEngineAt } from "./docker-engine.ts";

/** Containers, networks and volumes of the tests' engine, whoever's, whose names fit; its own three networks aside. */
export async function inEngine(engine: string, fits: (name: string) => boolean): Promise<readonly string[]> {
  const docker = await dockerEngineAt(engine).connect();
  const [containers, networks, { Volumes }] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listNetworks(),
    docker.listVolumes(),
  ]);
  const own = ["bridge", "host", "none"];
  return [
    ...containers.flatMap(({ Names, Id }) => (Names.length === 0 ? [Id] : Names)).map((name) => ["container", name]),
    ...networks.filter(({ Name }) => !own.includes(Name)).map(({ Name }) => ["network", Name]),
    ...(Volumes ?? []).map(({ Name }) => ["volume", Name]),
  ].flatMap(([kind = "", name = ""]) => (fits(name) ? [`${kind} ${name}`] : []));
}

/**
 * Processes of the tests' engine's containers, which outlive a dockerd that was killed: whatever a shim holds. A shim that holds nothing
 * is the engine's own leftover: dockerd was killed when it had removed the container, and had not told containerd yet.
 */
export function heldByEngine(engine: string): readonly string[] {
  return procTable.pids().flatMap((pid) => {
    const argv = procTable.file(pid, "cmdline")?.split("\0") ?? [];
    const isShim = argv[0]?.includes("containerd-shim") && argv.some((text) => text.includes(`/${engine}/`));
    if (!isShim) return [];
    return procTable.children(pid).map((child) => `process ${child} of ${argv.join(" ")}`);
  });
}

const record =
  /^(metadata\.json|policy\.json|journal\.jsonl|events\.jsonl|compose\.log|keeper\.log|audit-head\.json|gate|docker-compose\.yml|seccomp-(agent|gate)\.json)$/;

/** What a settled run left of itself on disk that is not its record. */
export function leftBy(root: string, slug: string, isWorkspaceAsBefore: boolean): readonly string[] {
  const stateRoot = join(root, "s/caisson");
  const { dir } = statePaths(stateRoot, slug);
  const list = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
  // What the guard keeps once it is settled is its record; a copy is kept whole, or not at all.
  const isKept = (name: string) =>
    record.test(name) ||
    (name === "guard" && existsSync(join(dir, "guard/settled.json"))) ||
    (name === "workspace" && existsSync(join(dir, "workspace/baseline.json")));
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(root));
  return [
    ...list(dir)
      .filter((name) => !isKept(name))
      .map((name) => `state ${name}`),
    ...list(join(stateRoot, "open")).map((name) => `marker ${name}`),
    ...list(join(root, "t")).map((name) => `temporary ${name}`),
    ...mounts.map((line) => `mount ${line}`),
    ...(isWorkspaceAsBefore ? [] : ["workspace: not as it was"]),
  ];
}

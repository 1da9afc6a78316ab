import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { connectDocker } from "../../src/host/docker/connect-docker.ts";

/** A Docker engine inside a machine of `startMachine`: it dies with the machine, and all its containers with it. */
export interface MachineDocker {
  /** For DOCKER_HOST. */
  readonly dockerHost: string;
  readonly docker: Docker;
  /** Ends all containers, so that no cgroup of theirs stays. */
  close(): Promise<void>;
}

const run = "/run/caisson-engine";

/**
 * Starts containerd and dockerd in this machine's own namespaces, on images that `data` (of `lendDockerData`) has. The
 * machine's name server is what its containers would be given.
 */
export async function startMachineDocker(data: string): Promise<MachineDocker> {
  mkdirSync(run, { recursive: true, mode: 0o700 });
  const socket = join(run, "docker.sock");
  const config = join(run, "containerd.toml");
  const lines = [
    "version = 2",
    `root = ${JSON.stringify(join(data, "containerd"))}`,
    `state = ${JSON.stringify(join(run, "containerd"))}`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    "[grpc]",
    `address = ${JSON.stringify(join(run, "containerd.sock"))}`,
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  writeFileSync(join(run, "daemon.json"), "{}");
  start("containerd", ["--config", config, "--log-level", "warn"]);
  await until(async () => execFileSync("test", ["-S", join(run, "containerd.sock")]));
  start("dockerd", [
    `--config-file=${join(run, "daemon.json")}`,
    `--data-root=${join(data, "docker")}`,
    `--exec-root=${join(run, "exec")}`,
    `--pidfile=${join(run, "docker.pid")}`,
    `--host=unix://${socket}`,
    `--containerd=${join(run, "containerd.sock")}`,
    "--log-level=warn",
  ]);
  const dockerHost = `unix://${socket}`;
  const docker = await connectDocker({ DOCKER_HOST: dockerHost });
  await until(() => docker.ping());
  return {
    dockerHost,
    docker,
    close: async () => {
      const containers = await docker.listContainers({ all: true });
      await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
    },
  };
}

function start(file: string, argv: readonly string[]): void {
  const log = openSync(join(run, "log"), "a");
  spawn(file, argv, { stdio: ["ignore", log, log], cwd: run }).on("error", (error) => {
    throw error;
  });
}

/** Waits until it does not fail any more; after 120 s throws with what the engine last said. */
async function until(isSo: () => Promise<unknown>): Promise<void> {
  for (const end = Date.now() + 120_000; Date.now() < end; await pause(50)) {
    try {
      await isSo();
      return;
    } catch {
      // Not yet.
    }
  }
  throw new Error(`the machine's engine does not answer:\n${readFileSync(join(run, "log"), "utf8").slice(-4000)}`);
}

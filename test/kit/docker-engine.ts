import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { connectDocker } from "../../src/host/docker/connect-docker.ts";
import { identifyProcess, isSameProcess, type ProcessIdentity } from "../../src/host/process-identity.ts";
import { openEngineNetwork, removeEngineNetwork } from "./docker-network.ts";

/**
 * A private Docker engine: own containerd, data, sockets, and a network of its own that leads nowhere but to the tests'
 * outside world. All that is known of it lies in files, so that any test process may kill it and start it again.
 */
export interface DockerEngine {
  /** For DOCKER_HOST. */
  readonly dockerHost: string;
  /** Names of its network namespace and of the one that plays the outside (`docker-network.ts`). */
  readonly network: string;
  readonly outside: string;
  /** What the engines said so far. */
  readonly log: string;
  connect(): Promise<Docker>;
  /** Kills dockerd as a machine's trouble would; containers and containerd go on. Resolves when it is gone. */
  kill9(): Promise<void>;
  /** Has dockerd hang: it takes connections and answers none, until the result is disposed of. */
  hang(): Disposable;
  /** Ends dockerd in order, if it runs, and starts it again; resolves when it answers. */
  restart(): Promise<void>;
  /** Does that with these settings in its daemon.json, until it is told others. */
  configure(settings: object): Promise<void>;
}

/** Where an engine keeps its things. `data` outlives test runs: images are built once. */
interface EngineFolders {
  readonly name: string;
  readonly run: string;
  readonly data: string;
}

/** How dockerd is connected: `sealed` as tests want it; `open` to this machine's network, to build images. */
export type Connection = "sealed" | "open";

const project = resolve(import.meta.dirname, "../..");
const runRoot = "/run/caisson-tests";

/** Caches of the tests that outlive a run, in the person's own cache folder. */
export const testCache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "caisson-tests");

/** The engine whose folder in `/run` a test was told. */
export function dockerEngineAt(name: string): DockerEngine {
  const folders = foldersOf(name);
  const dockerHost = `unix://${join(folders.run, "docker.sock")}`;
  return {
    dockerHost,
    network: name,
    outside: `${name}-out`,
    log: join(folders.run, "log"),
    connect: () => connectDocker({ DOCKER_HOST: dockerHost }),
    kill9: () => endProcess(folders, "dockerd", "SIGKILL"),
    hang: () => {
      const identity = readIdentity(folders, "dockerd");
      if (identity === undefined || !isSameProcess(identity)) throw new Error("dockerd does not run");
      process.kill(identity.pid, "SIGSTOP");
      return { [Symbol.dispose]: () => void process.kill(identity.pid, "SIGCONT") };
    },
    async restart() {
      await endProcess(folders, "dockerd", "SIGTERM");
      await startDockerd(folders, "sealed");
    },
    async configure(settings) {
      writeFileSync(join(folders.run, "settings.json"), JSON.stringify(settings));
      await this.restart();
    },
  };
}

const foldersOf = (name: string): EngineFolders => ({
  name,
  run: join(runRoot, name),
  data: join(testCache, name),
});

/** Takes the first engine of this checkout that no other living test run has, ends what an earlier run left, and starts it. */
export async function openDockerEngine(connection: Connection): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error("the docker tests need root: they start an engine of their own");
  const checkout = createHash("sha256").update(project).digest("hex").slice(0, 6);
  for (let slot = 0; slot < 8; slot++) {
    const folders = foldersOf(`cd-${checkout}-${slot}`);
    if (!claim(folders)) continue;
    try {
      await start(folders, connection);
    } catch (error) {
      await cleanUp(folders);
      throw error;
    }
    return folders.name;
  }
  throw new Error(`eight test runs of ${project} are going on already`);
}

async function start(folders: EngineFolders, connection: Connection): Promise<void> {
  await cleanUp(folders);
  for (const entry of readdirSync(folders.run)) {
    if (entry !== "owner.json") rmSync(join(folders.run, entry), { recursive: true });
  }
  mkdirSync(folders.data, { recursive: true, mode: 0o700 });
  openEngineNetwork(folders.name);
  await startContainerd(folders);
  await startDockerd(folders, connection);
  await removeLeftovers(await dockerEngineAt(folders.name).connect());
}

/** Starts the engine's dockerd anew, connected otherwise. */
export async function reconnectDockerEngine(name: string, connection: Connection): Promise<void> {
  await endProcess(foldersOf(name), "dockerd", "SIGTERM");
  await startDockerd(foldersOf(name), connection);
}

/** Ends an engine's processes while it stays this process's; returns its data, for an engine of another place to run on. */
export async function lendDockerData(name: string): Promise<string> {
  const folders = foldersOf(name);
  await cleanUp(folders);
  return folders.data;
}

/** Gives an engine back whose processes have ended. */
export function returnDockerData(name: string): void {
  rmSync(foldersOf(name).run, { recursive: true, force: true });
}

/** Ends an engine with all that runs in it; its images stay. */
export async function closeDockerEngine(name: string): Promise<void> {
  const folders = foldersOf(name);
  const docker = await dockerEngineAt(name).connect();
  await removeLeftovers(docker).catch(() => undefined);
  await cleanUp(folders);
  rmSync(folders.run, { recursive: true, force: true });
}

/** Whether the engine is now this process's: nobody has it, or one that is dead. */
function claim(folders: EngineFolders): boolean {
  mkdirSync(folders.run, { recursive: true, mode: 0o700 });
  const file = join(folders.run, "owner.json");
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(identifyProcess(process.pid)), { flag: "wx" });
      return true;
    } catch {
      const owner = readIdentity(folders, "owner");
      if (owner !== undefined && isSameProcess(owner)) return false;
      rmSync(file, { force: true });
    }
  }
}

function readIdentity(folders: EngineFolders, name: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(join(folders.run, `${name}.json`), "utf8")) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

async function startContainerd(folders: EngineFolders): Promise<void> {
  const { run, data } = folders;
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
  rmSync(join(run, "containerd.sock"), { force: true });
  startProcess(folders, "containerd", ["containerd", "--config", config, "--log-level", "warn"]);
  await until("containerd answers", folders, async () => existsSync(join(run, "containerd.sock")));
}

/** What a test said to daemon.json; nothing at first. */
function readSettings({ run }: EngineFolders): object {
  const file = join(run, "settings.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as object) : {};
}

async function startDockerd(folders: EngineFolders, connection: Connection): Promise<void> {
  const { run, data, name } = folders;
  const config = join(run, "daemon.json");
  // Not the person's own configuration of Docker.
  writeFileSync(config, JSON.stringify(readSettings(folders)));
  const argv = [
    "dockerd",
    `--config-file=${config}`,
    `--data-root=${join(data, "docker")}`,
    `--exec-root=${join(run, "exec")}`,
    `--pidfile=${join(run, "docker.pid")}`,
    `--host=unix://${join(run, "docker.sock")}`,
    `--containerd=${join(run, "containerd.sock")}`,
    "--log-level=warn",
    "--shutdown-timeout=2",
  ];
  // Open, it shares this machine's network and changes nothing of it: no bridge, no rule.
  const open = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"];
  // Not `ip netns exec`: that mounts another /sys, without the cgroups.
  const sealed = ["nsenter", `--net=/run/netns/${name}`, ...argv, "--dns=203.0.113.53"];
  rmSync(join(run, "docker.pid"), { force: true });
  startProcess(folders, "dockerd", connection === "open" ? [...argv, ...open] : sealed);
  const docker = await dockerEngineAt(name).connect();
  await until("dockerd answers", folders, () =>
    docker.ping().then(
      () => true,
      () => false,
    ),
  );
}

/** Starts one of the engine's processes; it outlives this one, and its identity is kept. */
function startProcess({ run }: EngineFolders, name: string, argv: readonly string[]): ChildProcess {
  const log = openSync(join(run, "log"), "a");
  const [file = "", ...args] = argv;
  const child = spawn(file, args, { detached: true, stdio: ["ignore", log, log], cwd: run });
  child.on("error", () => undefined);
  child.unref();
  writeFileSync(join(run, `${name}.json`), JSON.stringify(identifyProcess(child.pid ?? 0)));
  return child;
}

async function endProcess(folders: EngineFolders, name: string, signal: NodeJS.Signals): Promise<void> {
  const identity = readIdentity(folders, name);
  if (identity === undefined || !isSameProcess(identity)) return;
  process.kill(identity.pid, signal);
  await until(`${name} ends`, folders, async () => !isSameProcess(identity));
}

/** What an earlier run, or a test, left in the engine; what takes long to build stays. */
async function removeLeftovers(docker: Docker): Promise<void> {
  const containers = await docker.listContainers({ all: true });
  await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  const networks = await docker.listNetworks();
  const ours = networks.filter(({ Name }) => !["bridge", "host", "none"].includes(Name));
  await Promise.all(ours.map(({ Id }) => docker.getNetwork(Id).remove()));
  const { Volumes } = await docker.listVolumes();
  await Promise.all((Volumes ?? []).map(({ Name }) => docker.getVolume(Name).remove({ force: true })));
  for (const { Id, RepoTags, Labels } of await docker.listImages()) await removeTestsOwn(docker, Id, RepoTags, Labels);
}

/**
 * An image that a test made would be seen by the same test of the next run. Those of `provideTestImages` stay, and what the
 * engine builds them on.
 */
async function removeTestsOwn(
  docker: Docker,
  id: string,
  tags: readonly string[] | undefined,
  labels: Readonly<Record<string, string>> | null,
): Promise<void> {
  const named = (tags ?? []).filter((tag) => tag !== "<none>:<none>");
  const made = named.filter((tag) => !/^caisson-(?!own-)[a-z-]+:(latest|[0-9a-f]{12})$/.test(tag));
  // Without a name, labelled as a target: what a test has replaced. Another image may build on it.
  const isReplaced = named.length === 0 && labels?.["caisson.target"] !== undefined;
  for (const name of isReplaced ? [id] : made)
    await docker
      .getImage(name)
      .remove()
      .catch(() => undefined);
}

/** Ends the processes of an engine, its shims among them, and takes away its mounts and networks. */
async function cleanUp(folders: EngineFolders): Promise<void> {
  await endProcess(folders, "dockerd", "SIGTERM").catch(() => endProcess(folders, "dockerd", "SIGKILL"));
  await endProcess(folders, "containerd", "SIGTERM").catch(() => endProcess(folders, "containerd", "SIGKILL"));
  for (const pid of shimsOf(folders)) process.kill(pid, "SIGKILL");
  for (const path of mountsBelow(folders).toReversed()) execFileSync("umount", ["--lazy", path]);
  removeEngineNetwork(folders.name);
}

function shimsOf({ run }: EngineFolders): readonly number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return argv[0]?.includes("containerd-shim") === true && argv.includes(join(run, "containerd.sock"));
      } catch {
        return false;
      }
    });
}

function mountsBelow({ run, data }: EngineFolders): readonly string[] {
  const points = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "");
  return points.filter((point) => point.startsWith(`${run}/`) || point.startsWith(`${data}/`));
}

/** Waits until it is so; after 30 s throws with what the engine last said. */
async function until(what: string, { run }: EngineFolders, isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; await pause(20)) {
    if (await isSo()) return;
  }
  const log = join(run, "log");
  throw new Error(`${what}: not within 30 s\n${existsSync(log) ? readFileSync(log, "utf8").slice(-4000) : ""}`);
}

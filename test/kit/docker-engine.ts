import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { connectDocker } from "../../src/host/docker/connect-docker.ts";
import { identifyProcess, isSameProcess, type ProcessIdentity } from "../../src/host/process-identity.ts";
import { openEngineNetwork, removeEngineNetwork } from "./docker-network.ts";
import { removeLeftovers } from "./remove-leftovers.ts";

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
    kill9: () => endProcess(folders, "dockerd", { signal: "SIGKILL" }),
    hang: () => {
      const identity = readIdentity(folders, "dockerd");
      if (identity === undefined || !isSameProcess(identity)) throw new Error("dockerd does not run");
      process.kill(identity.pid, "SIGSTOP");
      return { [Symbol.dispose]: () => signalIfThere(identity.pid, "SIGCONT") };
    },
    async restart() {
      await endProcess(folders, "dockerd", { signal: "SIGTERM" });
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
  forget(folders);
  mkdirSync(folders.data, { recursive: true, mode: 0o700 });
  openEngineNetwork(folders.name);
  await startContainerd(folders);
  await startDockerd(folders, connection);
  await removeLeftovers(await dockerEngineAt(folders.name).connect());
}

/** Starts the engine's dockerd anew, connected otherwise. */
export async function reconnectDockerEngine(name: string, connection: Connection): Promise<void> {
  await endProcess(foldersOf(name), "dockerd", { signal: "SIGTERM" });
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
  release(foldersOf(name));
}

/** Ends an engine with all that runs in it; its images stay. */
export async function closeDockerEngine(name: string): Promise<void> {
  const folders = foldersOf(name);
  const docker = await dockerEngineAt(name).connect();
  await removeLeftovers(docker).catch(() => undefined);
  await cleanUp(folders);
  release(folders);
}

/** Whether the engine is now this process's: nobody has it, or one that is dead. */
function claim(folders: EngineFolders): boolean {
  mkdirSync(folders.run, { recursive: true, mode: 0o700 });
  const file = join(folders.run, "owner.json");
  // Whole from its first moment on: who finds half of a claim takes its owner for dead.
  const own = `${folders.run}.${process.pid}`;
  const aside = `${own}.aside`;
  writeFileSync(own, JSON.stringify(identifyProcess(process.pid)));
  try {
    while (!links(own, file)) {
      if (isLive(file)) return false;
      // Away by its name: of two who find the same dead owner, one would remove the other's claim.
      if (!renames(file, aside)) continue;
      if (!isLive(aside)) continue;
      links(aside, file);
      return false;
    }
    return true;
  } finally {
    for (const path of [own, aside]) rmSync(path, { force: true });
  }
}

/** Lets go of an engine: its claim at last, so that nobody has it while things of it are still removed. */
function release(folders: EngineFolders): void {
  forget(folders);
  rmSync(join(folders.run, "owner.json"), { force: true });
}

/** Removes what an engine keeps in `/run` while it runs. */
function forget({ run }: EngineFolders): void {
  for (const entry of readdirSync(run)) {
    if (entry !== "owner.json") rmSync(join(run, entry), { recursive: true, force: true });
  }
}

function links(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function renames(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

function isLive(claim: string): boolean {
  const owner = readJson(claim);
  return owner !== undefined && isSameProcess(owner);
}

const readIdentity = ({ run }: EngineFolders, name: string) => readJson(join(run, `${name}.json`));

function readJson(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ProcessIdentity;
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
  await until("containerd answers", folders, { isSo: async () => existsSync(join(run, "containerd.sock")) });
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
  const isSo = () =>
    docker.ping().then(
      () => true,
      () => false,
    );
  await until("dockerd answers", folders, { isSo });
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

async function endProcess(
  folders: EngineFolders,
  name: string,
  { signal, seconds = patience }: { readonly signal: NodeJS.Signals; readonly seconds?: number },
): Promise<void> {
  const identity = readIdentity(folders, name);
  if (identity === undefined || !isSameProcess(identity)) return;
  signalIfThere(identity.pid, signal);
  // One that a test has stopped hears nothing else.
  signalIfThere(identity.pid, "SIGCONT");
  await until(`${name} ends`, folders, { isSo: async () => !isSameProcess(identity), seconds });
}

/** It may have ended since we looked. */
function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Ends the processes of an engine, its shims and containers among them, and takes away its mounts and networks. */
async function cleanUp(folders: EngineFolders): Promise<void> {
  for (const name of ["dockerd", "containerd"]) {
    await endProcess(folders, name, { signal: "SIGTERM", seconds: 30 }).catch(() =>
      endProcess(folders, name, { signal: "SIGKILL" }),
    );
  }
  // What a run that was killed had not written down yet, and what holds containers: those outlive what holds them.
  const ended = [...processesOf(folders), ...containersOf(folders)].map(identifyProcess);
  for (const { pid } of ended) signalIfThere(pid, "SIGKILL");
  await until("all of it ends", folders, { isSo: async () => !ended.some(isSameProcess) });
  for (const path of mountsBelow(folders).toReversed()) unmount(path);
  removeEngineNetwork(folders.name);
}

/** Daemons and shims: by what only this engine's are started with. */
function processesOf({ run }: EngineFolders): readonly number[] {
  const marks = ["containerd.sock", "containerd.toml"].map((name) => join(run, name));
  const isOurs = (pid: number) => {
    const argv = readMaybe(`/proc/${pid}/cmdline`).split("\0");
    return argv.some((word) => marks.includes(word) || word === `--containerd=${marks[0]}`);
  };
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter(isOurs);
}

/** First processes of containers, as their shims wrote them down. */
function containersOf({ run }: EngineFolders): readonly number[] {
  const tasks = join(run, "containerd/io.containerd.runtime.v2.task/moby");
  const ids = existsSync(tasks) ? readdirSync(tasks) : [];
  return ids.flatMap((id) => {
    const pid = Number(readMaybe(join(tasks, id, "init.pid")));
    return pid > 0 && readMaybe(`/proc/${pid}/cgroup`).includes(id) ? [pid] : [];
  });
}

function readMaybe(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function mountsBelow({ run, data }: EngineFolders): readonly string[] {
  const points = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "");
  return points.filter((point) => point.startsWith(`${run}/`) || point.startsWith(`${data}/`));
}

/** One that went with another, or with its process, is no failure. */
function unmount(path: string): void {
  const { status, stderr } = spawnSync("umount", ["--lazy", path], { encoding: "utf8" });
  if (status !== 0 && !/not mounted|no mount point|not found/.test(stderr)) throw new Error(stderr);
}

/** Longest that the engine may take for anything, in seconds: a busy machine is ten times slower than a quiet one. */
const patience = 120;

/** Waits until it is so; throws with what the engine last said when it does not come to that. */
async function until(
  what: string,
  { run }: EngineFolders,
  { isSo, seconds = patience }: { readonly isSo: () => Promise<boolean>; readonly seconds?: number },
): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(20)) {
    if (await isSo()) return;
  }
  throw new Error(`${what}: not within ${seconds} s\n${readMaybe(join(run, "log")).slice(-4000)}`);
}

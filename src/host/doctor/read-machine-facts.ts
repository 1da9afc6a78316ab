import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { arch, platform, release } from "node:os";
import { dirname } from "node:path";
import { readDockerFacts } from "../docker/read-docker-facts.ts";
import { describeProgram, findExecutable, findProgram } from "./find-program.ts";
import type { AgentFacts, ContainerEngineFacts, MachineFacts } from "./machine-facts.ts";
import { readKeptFacts } from "./read-kept-facts.ts";
import { readKernelFacts } from "./read-kernel-facts.ts";
import { runProbe } from "./run-probe.ts";
import { tryBubblewrap } from "./try-bubblewrap.ts";
import { tryLimits } from "./try-limits.ts";

/** What the caller knows already: its environment and which agents to look for. */
export interface MachineQuestion {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly stateFolder: string;
  readonly agents: readonly {
    readonly name: string;
    readonly binary: string | undefined;
    readonly versionArgs: readonly string[];
    readonly variables: readonly string[];
    /** Names of its credentials. */
    readonly names: readonly string[];
  }[];
}

/** Programs that `doctor` looks for, with what makes them tell their version. */
const programs: Readonly<Record<string, readonly string[]>> = {
  bwrap: ["--version"],
  nsenter: ["--version"],
  prlimit: [],
  setsid: [],
  git: ["--version"],
  curl: ["--version"],
  python3: ["--version"],
  ip: ["-V"],
  openssl: ["version"],
  gcc: ["--version"],
  mount: [],
  socat: [],
  ps: [],
  script: [],
  docker: ["--version"],
  dockerd: [],
  mmdebstrap: [],
  "docker-compose": [],
  busctl: [],
  "dbus-daemon": [],
  "gnome-keyring-daemon": [],
  "apt-get": ["--version"],
  dnf: [],
  pacman: [],
  zypper: [],
  apk: [],
  sudo: [],
};

/** Looks at this machine, and really starts a sandbox on it. Never throws; takes a few seconds at most. */
export async function readMachineFacts(question: MachineQuestion): Promise<MachineFacts> {
  const uid = process.getuid?.() ?? -1;
  // Where an ordinary user's PATH lacks it: tools of the system's own.
  const folders = [...(question.environment.PATH ?? "").split(":"), "/usr/sbin", "/sbin"];
  const found = await Promise.all(
    Object.entries(programs).map(async ([name, args]) => {
      const path = findExecutable(name, folders);
      if (path === undefined) return [name, undefined] as const;
      return [name, args.length === 0 ? { path } : await describeProgram(path, args)] as const;
    }),
  );
  const known = Object.fromEntries(found);
  const bwrap = known.bwrap?.path;
  const kept = await readKeptFacts(question);
  const [limits, sandboxTrial, hasFreeSudo, docker, podman, agents] = await Promise.all([
    tryLimits(uid),
    bwrap === undefined ? undefined : tryBubblewrap(bwrap),
    uid !== 0 && known.sudo !== undefined
      ? runProbe([known.sudo.path, "-n", "true"], { seconds: 5 }).then(({ exitCode }) => exitCode === 0)
      : false,
    readDockerFacts(question.environment),
    askContainerEngine("podman", folders, "podman info"),
    Promise.all(question.agents.map((agent) => describeAgent(agent, question.environment, kept.names))),
  ]);
  return {
    platform: platform(),
    arch: arch(),
    kernel: release(),
    ...readKernelFacts(),
    ...limits,
    kept,
    isRoot: uid === 0,
    hasFreeSudo,
    node: { version: process.versions.node, path: process.execPath },
    programs: known,
    sandboxTrial,
    stateFolder: { path: question.stateFolder, isWritable: canMake(question.stateFolder) },
    docker,
    init: readInit(),
    containerEngines: { podman },
    agents,
  };
}

async function askContainerEngine(
  name: "podman",
  folders: readonly string[],
  at: string,
): Promise<ContainerEngineFacts> {
  const client = await findProgram(name, folders);
  if (client === undefined) return { answers: false, at };
  const { exitCode } = await runProbe([client.path, "info"], { seconds: 5 });
  return { client, answers: exitCode === 0, at };
}

function readInit(): MachineFacts["init"] {
  if (existsSync("/run/systemd/system")) return "systemd";
  try {
    const first = readFileSync("/proc/1/comm", "utf8").trim();
    return first === "init" && existsSync("/etc/init.d/docker") ? "sysv" : "none";
  } catch {
    return "none";
  }
}

async function describeAgent(
  agent: MachineQuestion["agents"][number],
  environment: MachineQuestion["environment"],
  keptNames: readonly string[],
): Promise<AgentFacts> {
  const credentials = agent.variables.map((variable) => ({ variable, present: Boolean(environment[variable]) }));
  const kept = agent.names.filter((name) => keptNames.includes(name));
  if (agent.binary === undefined) return { name: agent.name, credentials, kept };
  return { name: agent.name, program: await describeProgram(agent.binary, agent.versionArgs), credentials, kept };
}

/** Whether a folder is writable, or could be made. */
function canMake(folder: string): boolean {
  let nearest = folder;
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest);
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

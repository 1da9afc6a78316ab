import type { DockerEngineFacts } from "../docker/read-docker-facts.ts";
import type { DoctorRow } from "./doctor-row.ts";
import type { MachineFacts } from "./machine-facts.ts";

type Verdict = Pick<DoctorRow, "state" | "detail" | "hint">;

/** Whether sandboxes can be made by the docker engine here. Never needed: the local engine does without. */
export function diagnoseDockerEngine(facts: MachineFacts): readonly DoctorRow[] {
  const row = { name: "docker", isNeeded: false, ...judge(facts) };
  const engine = facts.docker.engine;
  return engine === undefined ? [row] : [row, dnsRow(engine), ...runtimeRows(engine)];
}

function judge({ docker, programs, platform }: MachineFacts): Verdict {
  const fix = "caisson doctor --fix --engine docker";
  if (docker.engine !== undefined) return judgeEngine(docker.engine, programs.docker?.version);
  switch (docker.problem) {
    case "unusable":
      return notReady(`nothing can be made of its address ${docker.address}`, "unset DOCKER_HOST DOCKER_CONTEXT");
    case "refused":
      return notReady(
        `this user may not use ${docker.address}`,
        "sudo usermod -aG docker $USER   (then sign in anew; who is in that group may do all that root may)",
      );
    default:
  }
  if (!docker.isSystems) return notReady(`the engine does not answer at ${docker.address}`, "docker context ls");
  if (programs.dockerd === undefined && platform === "linux") return notReady("no engine is installed", fix);
  return notReady(`the engine does not answer at ${docker.address}`, fix);
}

function judgeEngine(engine: DockerEngineFacts, client: string | undefined): Verdict {
  const { version, storageDriver, cgroupVersion, runtimes, images, lacksLimits } = engine;
  const parts = [
    `engine ${version}`,
    client === undefined ? "no client (none is needed)" : `client ${client}`,
    storageDriver,
    `cgroup v${cgroupVersion}`,
    `runtimes ${runtimes.join(", ")}`,
    ...(lacksLimits.length === 0 ? [] : [`cannot limit ${lacksLimits.join(", ")}`]),
    images.length === 0 ? "no image yet" : `images ${images.join(", ")}`,
  ];
  const detail = parts.join(" · ");
  return images.includes("gate") && images.length > 1
    ? { state: "ready", detail }
    : notReady(detail, "caisson images build");
}

/** Engines before 25.0.5 pass on what containers of an internal network ask of names: a way out, unless it is closed. */
function dnsRow({ version }: DockerEngineFacts): DoctorRow {
  const row = { name: "docker dns", isNeeded: false } as const;
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+~-]/).map(Number);
  const isMended = major > 25 || (major === 25 && (minor > 0 || patch >= 5)) || (major === 23 && patch >= 11);
  if (isMended) return { ...row, state: "ready", detail: "names asked for in an internal network stay there" };
  return {
    ...row,
    state: "found",
    detail: `engine ${version} answers names of the outside in an internal network (CVE-2024-29018); Caisson's sandboxes get no resolver that leads out`,
  };
}

/** gVisor: a kernel of its own between the agent and this machine's. */
function runtimeRows({ runtimes }: DockerEngineFacts): readonly DoctorRow[] {
  if (!runtimes.includes("runsc")) return [];
  const detail =
    "the engine has runsc: agents run under it, but those with a mounted workspace, whose guard cannot be checked there (--workspace copy)";
  return [{ name: "gvisor", isNeeded: false, state: "ready", detail }];
}

const notReady = (detail: string, hint: string): Verdict => ({ state: "not ready", detail, hint });

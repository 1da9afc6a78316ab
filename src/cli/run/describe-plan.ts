import type { Limits } from "../../spec/policy.ts";
import { byteText } from "../output/byte-text.ts";
import { durationText } from "../output/duration-text.ts";
import { routeText } from "../output/route-text.ts";
import { secretLines } from "./announce-run.ts";
import type { RunPlan } from "./plan-run.ts";

/** The whole plan as data, for `--dry-run --json`: credentials by name and source, never a value or a placeholder. */
export function describePlan({ request, agent, notes, sources, cliVersion, engineWhy, shown }: RunPlan): object {
  const { metadata, policy, files, input: _input, ...rest } = request;
  const held = new Set(policy.credentials.map(({ placeholder }) => placeholder));
  const environment = Object.fromEntries(
    Object.entries(policy.environment).map(([name, value]) => [name, held.has(value) ? "(placeholder)" : value]),
  );
  return {
    ...metadata,
    agentFrom: agent.from,
    sandboxes: agent.sandboxes,
    skills: agent.skills,
    parameters: agent.parameters,
    instructionsFrom: agent.instructions ? agent.from : undefined,
    cliVersion,
    engineWhy,
    docker: rest.docker,
    argv: rest.argv,
    workdir: rest.workdir,
    toolDirs: rest.toolDirs,
    path: rest.path,
    policy: {
      ...policy,
      environment,
      credentials: policy.credentials.map(({ placeholder: _placeholder, ...credential }) => credential),
    },
    files: files.map(({ path, mode, text }) => ({ path, mode: mode.toString(8), bytes: Buffer.byteLength(text) })),
    shown,
    sources,
    notes,
  };
}

/** What `--dry-run` tells a person beyond the head lines: each route, mount and variable, and where it was said. */
export function planLines({ request, agent, notes, sources, shown }: RunPlan): readonly string[] {
  const { metadata, policy, argv, files, toolDirs, docker } = request;
  const from = (key: string) => (sources[key] === undefined ? "" : `   (${sources[key]})`);
  return [
    `  command    ${argv.join(" ")}`,
    ...(agent.from === undefined ? [] : [`  said       agent ${metadata.agent}   (${agent.from})`]),
    ...agent.sandboxes.map(({ name, from: said }) => `  rules      sandbox ${name}   (${said})`),
    ...(metadata.label === undefined ? [] : [`  label      ${metadata.label}`]),
    ...(metadata.color === undefined ? [] : [`  color      ${metadata.color}`]),
    ...(agent.instructions ? [`  told       its instructions   (${agent.from})`] : []),
    ...Object.entries(agent.parameters).map(([name, value]) => `  parameter  ${name} = ${JSON.stringify(value)}`),
    ...(request.outputSchema === undefined ? [] : ["  answer     has to fit its output schema"]),
    ...agent.skills.map((dir) => `  skill      ${dir}`),
    ...(docker ? dockerLines(docker, from("image")) : []),
    ...policy.routes.map((route) => `  route      ${routeText(route)}${from(`route.${route.name}`)}`),
    ...policy.credentials.map(({ name }) => `  credential ${name}${from(`credential.${name}`)}`),
    ...policy.mounts.map(
      ({ source, target, writable }) =>
        `  mount      ${source} at ${target}${writable ? "" : ", read-only"}${from(`mount.${target}`)}`,
    ),
    ...secretLines({ request, shown }),
    ...policy.services.map(({ name, image }) => `  service    ${name}   ${image}${from(`service.${name}`)}`),
    ...policy.ports.map(
      ({ hostAddress, hostPort, port }) =>
        `  port       ${port} inside at ${hostAddress}:${hostPort === 0 ? "(any free port)" : hostPort}${from(`port.${port}`)}`,
    ),
    ...variableLines(Object.keys(policy.environment), from),
    ...limitLines(policy.limits, request.session !== undefined).map(
      ([name, value]) => `  limit      ${value}${from(`limits.${name}`)}`,
    ),
    ...Object.entries(sources)
      .filter(([key]) => key.startsWith("git."))
      .map(([key, place]) => `  git        ${key.slice("git.".length)}   (${place})`),
    ...toolDirs.map((dir) => `  tools      ${dir}, read-only`),
    ...files.map(({ path }) => `  file       ${path}`),
    ...notes.map(({ level, text }) => `  ${level === "warning" ? "!" : " "}          ${text}`),
  ];
}

function dockerLines(
  { agentImage, user, runtime }: NonNullable<RunPlan["request"]["docker"]>,
  from: string,
): readonly string[] {
  return [
    `  image      ${agentImage.reference} (${agentImage.id.slice("sha256:".length, 19)})${from}`,
    `  user       ${user.uid}:${user.gid}`,
    ...(runtime === undefined ? [] : [`  runtime    ${runtime}`]),
  ];
}

/** Each that somebody said on a line of its own; those of the provider on one. */
function variableLines(names: readonly string[], from: (key: string) => string): readonly string[] {
  const said = names.filter((name) => from(`environment.${name}`) !== "");
  const own = names.filter((name) => !said.includes(name));
  return [
    ...(own.length === 0 ? [] : [`  variable   ${own.join(", ")}   (provider or preset)`]),
    ...said.map((name) => `  variable   ${name}${from(`environment.${name}`)}`),
  ];
}

function limitLines(limits: Limits, isSession: boolean): readonly (readonly [string, string])[] {
  return [
    ["cpus", `${limits.cpus} cpu`],
    ["memory", `${byteText(limits.memoryBytes)} of memory`],
    ["processes", `${limits.processes} processes`],
    ["disk", `${byteText(limits.diskBytes)} of disk`],
    ["timeout", `${durationText(limits.timeoutSeconds)} in all`],
    ...(isSession ? [["idle", `${durationText(limits.idleSeconds)} with nothing to do`] as const] : []),
  ];
}

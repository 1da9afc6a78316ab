import { failures } from "../base/failure.ts";

const usage = { status: 400, exit: 2 } as const;
const nearest = (near: string | undefined) => (near ? ` (did you mean "${near}"?)` : "");

/** Failures of the policy room. */
export const policyFailure = failures({
  allow_invalid: {
    message: (d: { text: string; problem: string; instead?: string }) => `Cannot allow "${d.text}": ${d.problem}`,
    hint: (d) =>
      d.instead ? `--allow ${d.instead}` : "--allow HOST[:PORT][/PATH], e.g. --allow docs.acme.example/api",
    ...usage,
  },
  limit_invalid: {
    message: (d: { limit: string; value: string; from: string; problem: string }) =>
      `Cannot set limit ${d.limit} to "${d.value}" (${d.from}): ${d.problem}`,
    hint: (d) =>
      `caisson run --${d.limit === "memory" ? "memory 4g" : d.limit === "timeout" ? "timeout 30m" : "cpus 2"} ...`,
    ...usage,
  },
  environment_invalid: {
    message: (d: { text: string; problem: string }) => `Cannot set variable ${d.text}: ${d.problem}`,
    hint: () => "--env NAME=VALUE, or --env NAME to take the value that it has here",
    ...usage,
  },
  environment_unset: {
    message: (d: { name: string; variable: string; from: string }) =>
      `Cannot set variable ${d.name} (${d.from}): ${d.variable} is not set here`,
    hint: (d) => `export ${d.variable}=...`,
    ...usage,
  },
  environment_unanswered: {
    message: (d: { name: string; from: string }) =>
      `Cannot set variable ${d.name} (${d.from}): its value is asked for at launch, and there is no terminal to ask on`,
    hint: (d) => `--env ${d.name}=VALUE`,
    ...usage,
  },
  environment_reserved: {
    message: (d: { name: string; from: string; reason: string }) =>
      `Cannot set variable ${d.name} (${d.from}): ${d.reason}`,
    hint: (d) => `leave ${d.name} out`,
    ...usage,
  },
  environment_secret: {
    message: (d: { name: string; from: string; kind: string }) =>
      `Cannot set variable ${d.name} (${d.from}): its value looks like ${d.kind}, and no secret goes into a sandbox`,
    hint: () => "give it as a credential of a route (docs/policy.md, Credentials): the agent then holds a placeholder",
    ...usage,
    exit: 5,
  },
  manifest_invalid: {
    message: (d: { file: string; line: number; column: number; problem: string; near?: string }) =>
      `Cannot read manifest: ${d.file}:${d.line}:${d.column}: ${d.problem}${nearest(d.near)}`,
    hint: (d) => `edit ${d.file}, line ${d.line}; caisson init prints a commented manifest`,
    ...usage,
  },
  manifest_missing: {
    message: (d: { file: string }) => `Cannot read manifest: ${d.file} is not there or cannot be read`,
    hint: () => "caisson init > caisson.yaml",
    ...usage,
    status: 404,
  },
  manifest_file_missing: {
    message: (d: { file: string; line: number; what: string; path: string }) =>
      `Cannot use manifest ${d.file}:${d.line}: ${d.what} ${d.path} is not there or cannot be read`,
    hint: (d) => `edit ${d.file}, line ${d.line}`,
    ...usage,
  },
  agent_unknown: {
    message: (d: { agent: string; near?: string; known: readonly string[] }) =>
      `Cannot find agent "${d.agent}"${nearest(d.near)}: known are ${d.known.join(", ")}`,
    hint: () => "caisson agents ls",
    status: 404,
    exit: 3,
  },
  provider_unknown: {
    message: (d: { agent: string; provider: string; near?: string; from: string }) =>
      `Cannot use agent "${d.agent}" (${d.from}): there is no provider "${d.provider}"${nearest(d.near)}`,
    hint: () => "caisson agents ls",
    ...usage,
  },
  schema_invalid: {
    message: (d: { from: string; problem: string }) => `Cannot use JSON Schema (${d.from}): ${d.problem}`,
    hint: () => "see docs/manifest.md, Parameters and output",
    ...usage,
  },
  parameter_missing: {
    message: (d: { agent: string; from: string; missing: readonly string[] }) =>
      `Cannot run agent "${d.agent}" (${d.from}): it needs the ${d.missing.length === 1 ? "parameter" : "parameters"} ${d.missing.join(", ")}`,
    hint: (d: { agent: string; missing: readonly string[] }) =>
      `caisson run ${d.missing.map((name) => `--param ${name}=VALUE`).join(" ")} ${d.agent} ...`,
    ...usage,
  },
  parameter_invalid: {
    message: (d: { agent: string; from: string; problem: string; near?: string }) =>
      `Cannot run agent "${d.agent}" (${d.from}) with these parameters: ${d.problem}${nearest(d.near)}`,
    hint: (d) => `caisson run --param ${d.near ?? "NAME"}=VALUE ${d.agent} ...`,
    ...usage,
  },
  sandbox_unknown: {
    message: (d: { sandbox: string; from: string; near?: string; known: readonly string[] }) =>
      `Cannot use sandbox "${d.sandbox}" (${d.from}): there is none of this name${nearest(d.near)}${d.known.length === 0 ? "" : `: known are ${d.known.join(", ")}`}`,
    hint: (d) => `caisson policy explain --sandbox ${d.near ?? d.known[0] ?? "NAME"}`,
    ...usage,
    exit: 3,
  },
  sandbox_cycle: {
    message: (d: { path: string; from: string }) => `Cannot use sandbox (${d.from}): it extends itself: ${d.path}`,
    hint: () => "caisson policy check",
    ...usage,
  },
  preset_unknown: {
    message: (d: { preset: string; from: string; near?: string; known: readonly string[] }) =>
      `Cannot use preset "${d.preset}" (${d.from})${nearest(d.near)}: known are ${d.known.join(", ")}`,
    hint: (d) => (d.near ? `preset: ${d.near}` : "see docs/policy.md, Presets"),
    ...usage,
  },
  credential_unknown: {
    message: (d: { credential: string; route: string; from: string; near?: string }) =>
      `Cannot use route "${d.route}" (${d.from}): there is no credential "${d.credential}"${nearest(d.near)}`,
    hint: (d) => `add it to the manifest: credentials: { ${d.credential}: { env: NAME } }`,
    ...usage,
  },
  engine_unknown: {
    message: (d: { engine: string; from: string }) => `Cannot use engine "${d.engine}" (${d.from}): local or docker`,
    hint: () => "caisson doctor",
    ...usage,
  },
  service_invalid: {
    message: (d: { service: string; from: string; problem: string }) =>
      `Cannot use service "${d.service}" (${d.from}): ${d.problem}`,
    hint: () => "see docs/policy.md, Services",
    ...usage,
  },
  port_invalid: {
    message: (d: { text: string; from: string; problem: string }) =>
      `Cannot publish "${d.text}" (${d.from}): ${d.problem}`,
    hint: () => "--publish 3000, --publish 8080:3000, or --publish 127.0.0.1:8080:3000",
    ...usage,
  },
  mount_refused: {
    message: (d: { path: string; from: string; problem: string }) => `Cannot mount ${d.path} (${d.from}): ${d.problem}`,
    hint: () => "mount the one folder that the agent needs",
    ...usage,
    exit: 5,
  },
});

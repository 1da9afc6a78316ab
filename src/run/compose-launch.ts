import type { ColorName } from "../spec/color-names.ts";
import type { DockerLaunch, LaunchRequest, SessionLaunch } from "../spec/keeper-protocol.ts";
import type { Policy } from "../spec/policy.ts";
import type { MaskedFile, Metadata } from "../spec/state-files.ts";

/** Where the agent's private home is, inside. */
export const insideHome = "/home/agent";

/** What a run is composed of, each part already resolved and checked. */
export interface LaunchParts {
  readonly slug: string;
  readonly agent: string;
  readonly provider: string;
  readonly label?: string | undefined;
  readonly color?: ColorName | undefined;
  readonly model?: string | undefined;
  readonly policy: Policy;
  /** The policy's rules as one text, for their digest. */
  readonly rules: string;
  readonly engine: "local" | "docker";
  /** With the docker engine: where it is, and what it makes the sandbox from. */
  readonly docker?: { readonly address: string; readonly launch: DockerLaunch } | undefined;
  readonly workspace: { readonly mode: "mount" | "copy" | "none"; readonly dir?: string };
  /** Secrets of the workspace that the agent does not see. */
  readonly masked: readonly MaskedFile[];
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly files: LaunchRequest["files"];
  /** Read-only host folders that the agent's tools need, and PATH inside, whole. */
  readonly tools: { readonly dirs: readonly string[]; readonly path: readonly string[] };
  /** What the command reads from its standard input, which is then closed. */
  readonly input?: string | undefined;
  readonly cliVersion?: string | undefined;
  /** JSON Schema that the answer has to fit. */
  readonly outputSchema?: Readonly<Record<string, unknown>> | undefined;
  readonly stdin: "none" | "pipe";
  readonly umask: number;
  readonly decode: boolean;
  readonly pty?: LaunchRequest["pty"];
  readonly session?: SessionLaunch | undefined;
  /** Folders below the home that outlive the sandbox. */
  readonly keeps: readonly string[];
  readonly record?: string | undefined;
  readonly replay?: string | undefined;
  readonly now: Date;
}

/** Composes the request that a keeper executes. Pure: `--dry-run` prints what it gives. */
export function composeLaunch(parts: LaunchParts): LaunchRequest {
  const { slug, policy, workspace } = parts;
  const metadata: Omit<Metadata, "keeper"> = {
    version: 1,
    ...namesFor(slug),
    engine: parts.engine,
    agent: parts.agent,
    provider: parts.provider,
    modelSource: parts.replay !== undefined ? "replayed" : parts.record !== undefined ? "recorded" : "live",
    workspace,
    ...(parts.masked.length > 0 && { masked: [...parts.masked] }),
    policyHash: "",
    startedAt: parts.now.toISOString(),
    ...(parts.docker && { image: parts.docker.launch.agentImage.reference, docker_host: parts.docker.address }),
    ...(parts.label !== undefined && { label: parts.label }),
    ...(parts.keeps.length > 0 && { resumable: true }),
    ...(parts.color !== undefined && { color: parts.color }),
    ...(parts.model !== undefined && { model: parts.model }),
  };
  return {
    metadata,
    rules: parts.rules,
    policy: { ...policy, environment: { ...policy.environment, ...parts.environment, ...placeholders(policy) } },
    provider: parts.provider,
    argv: [...parts.argv],
    stdin: parts.stdin,
    umask: parts.umask,
    decode: parts.decode,
    workdir: workspace.dir ?? insideHome,
    home: insideHome,
    toolDirs: [...parts.tools.dirs],
    path: [...parts.tools.path],
    files: parts.files,
    ...(parts.input !== undefined && { input: parts.input }),
    ...(parts.outputSchema !== undefined && { outputSchema: { ...parts.outputSchema } }),
    ...(parts.cliVersion !== undefined && { cliVersion: parts.cliVersion }),
    ...(parts.pty && { pty: parts.pty }),
    ...(parts.session && { session: parts.session }),
    keeps: [...parts.keeps],
    resumes: false,
    copied: false,
    ...(parts.docker && { docker: parts.docker.launch }),
    ...(parts.record !== undefined && { record: parts.record }),
    ...(parts.replay !== undefined && { replay: parts.replay }),
  };
}

/** The same run under another slug. Pure. */
export const underSlug = (request: LaunchRequest, slug: string): LaunchRequest => ({
  ...request,
  metadata: { ...request.metadata, ...namesFor(slug) },
});

const namesFor = (slug: string) => ({ slug, compose_project: `caisson-${slug}` });

/** The variables inside that hold a placeholder in a credential's stead. */
function placeholders(policy: Policy): Record<string, string> {
  return Object.fromEntries(
    policy.credentials.flatMap(({ environment, placeholder }) => environment.map((name) => [name, placeholder])),
  );
}

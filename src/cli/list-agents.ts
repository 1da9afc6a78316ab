import { Failure } from "../base/failure.ts";
import { isKept, keptFolder } from "../host/credential/kept/kept-folder.ts";
import { findAgentCli } from "../host/find-agent-cli.ts";
import { foldSandboxes } from "../policy/fold-sandboxes.ts";
import type { ManifestLayer } from "../policy/manifest-layer.ts";
import { resolveAgent } from "../policy/resolve-agent.ts";
import { trustLayers } from "../policy/trust-layers.ts";
import { chooseCredentials } from "../provider/choose-credentials.ts";
import { providers } from "../provider/providers.ts";
import type { CommandContext } from "./frame/command-context.ts";
import { readManifests } from "./read-manifests.ts";
import { manifestCredentials } from "./run/manifest-credentials.ts";
import { decideTrust } from "./trust/decide-trust.ts";

/** An agent as `caisson run` would find it, and what it still needs. */
export interface AgentRow {
  readonly name: string;
  readonly provider: string;
  readonly summary: string;
  /** Where it is said: `provider`, or a manifest and line. */
  readonly from: string;
  readonly model?: string;
  readonly label?: string;
  readonly color?: string;
  /** The sandboxes that it works in, weakest first. */
  readonly sandboxes?: readonly string[];
  readonly cli?: { readonly binary: string; readonly version?: string };
  /** What it signs in with, and whether the variable is set or Caisson keeps it; never a value. */
  readonly credentials: readonly {
    readonly name: string;
    readonly variable: string;
    readonly isSet: boolean;
    readonly isKept: boolean;
  }[];
  /** What keeps it from starting, with what to do. */
  readonly lacks: readonly { readonly problem: string; readonly hint: string }[];
}

/** Every agent of the manifests that count here, then every provider by its own name. */
export async function listAgents(
  context: Pick<CommandContext, "environment" | "folders" | "cwd">,
  options: { readonly manifest?: string | undefined },
): Promise<readonly AgentRow[]> {
  const { layers } = await readManifests(context, { workspace: context.cwd, manifest: options.manifest });
  const { layers: trusted } = trustLayers(layers, await decideTrust(context, context.cwd, layers));
  const known = Object.keys(providers);
  const named = trusted.flatMap(({ manifest, brokenAgents }) => [
    ...Object.keys(manifest.agents),
    ...Object.keys(brokenAgents),
  ]);
  return (
    [...new Set([...named, ...known])]
      // These two are nothing without a command.
      .filter((name) => name !== "command" && name !== "acp")
      .map((name) => {
        const find = () => {
          const agent = resolveAgent(name, { layers: trusted, providers: known, home: context.folders.home });
          return { agent, rules: foldSandboxes(trusted, agent.sandboxes) };
        };
        // One that is broken does not keep the others from being listed.
        const found = tryTo(find);
        return "problem" in found ? brokenRow(name, found) : agentRow(context, found.value.agent, found.value.rules);
      })
  );
}

function agentRow(
  { environment, folders }: Pick<CommandContext, "environment" | "folders">,
  agent: ReturnType<typeof resolveAgent>,
  layers: readonly ManifestLayer[],
): AgentRow {
  const provider = providers[agent.provider];
  const names = agent.command?.slice(0, 1) ?? provider?.binaries ?? [];
  const cli = findAgentCli(names, { environment, home: folders.home });
  const isSet = (variable: string) => Boolean(environment[variable]);
  const keptIn = keptFolder({ environment, home: folders.home });
  const hasKept = (name: string) => isKept(keptIn, name);
  const credentials = (provider?.credentials ?? []).map(({ name, variable }) => ({
    name,
    variable,
    isSet: isSet(variable),
    isKept: hasKept(name),
  }));
  const facts = { isSet, isKept: hasKept, manifest: manifestCredentials(layers) };
  const signIn = provider && tryTo(() => chooseCredentials(provider, facts));
  return {
    name: agent.name,
    provider: agent.provider,
    summary: provider?.summary ?? "",
    from: agent.from,
    ...(agent.model !== undefined && { model: agent.model }),
    ...(agent.label !== undefined && { label: agent.label }),
    ...(agent.color !== undefined && { color: agent.color }),
    ...(agent.sandboxes.length > 0 && { sandboxes: agent.sandboxes.map(({ name }) => name) }),
    ...(cli && { cli: { binary: cli.binary, ...(cli.version !== undefined && { version: cli.version }) } }),
    credentials,
    lacks: [
      ...(cli ? [] : [{ problem: `no ${names.join(" or ")} found`, hint: provider?.install ?? "" }]),
      ...(signIn && "problem" in signIn ? [signIn] : []),
    ],
  };
}

function brokenRow(name: string, { problem, hint }: AgentRow["lacks"][number]): AgentRow {
  return { name, provider: "", summary: "", from: "", credentials: [], lacks: [{ problem, hint }] };
}

/** What it gave, or what was wrong. */
function tryTo<T>(act: () => T): { readonly value: T } | AgentRow["lacks"][number] {
  try {
    return { value: act() };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { problem: error.message, hint: error.hint };
  }
}

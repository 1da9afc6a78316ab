import { foldSandboxes, type SandboxChoice } from "../../policy/fold-sandboxes.ts";
import type { ManifestLayer } from "../../policy/manifest-layer.ts";
import type { Note } from "../../policy/note.ts";
import { resolveAgent } from "../../policy/resolve-agent.ts";
import { trustLayers } from "../../policy/trust-layers.ts";
import type { Provider } from "../../provider/provider.ts";
import { providers } from "../../provider/providers.ts";
import type { ColorName } from "../../spec/color-names.ts";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { readManifests } from "../read-manifests.ts";
import { decideTrust } from "../trust/decide-trust.ts";
import type { RunInput } from "./run-options.ts";

/** The agent that a command line names: a provider and what it is told. */
export interface ChosenAgent {
  readonly name: string;
  readonly provider: Provider;
  readonly model?: string | undefined;
  readonly instructions?: string | undefined;
  readonly command?: readonly string[] | undefined;
  /** Its own image, and where the agent is said. */
  readonly image?: string | undefined;
  readonly dockerfile?: string | undefined;
  readonly from?: string | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  readonly output?: Readonly<Record<string, unknown>> | undefined;
  readonly label?: string | undefined;
  readonly color?: ColorName | undefined;
  readonly sandboxes: readonly SandboxChoice[];
  readonly skills: readonly { readonly dir: string; readonly within: string }[];
  readonly notes: readonly Note[];
}

/** The agent, and the layers whose rules count for it. */
export async function readRules(context: CommandContext, input: RunInput, workspace: string | undefined) {
  const { options } = input;
  const read = await readManifests(context, { workspace, manifest: options.manifest });
  // The one place where it is decided what of a workspace counts: all that follows sees nothing else.
  const decision = await decideTrust(context, workspace, read.layers);
  const trusted = trustLayers(read.layers, decision);
  const agent = chooseAgent(input, trusted.layers, context.folders.home);
  const sandboxes = [...agent.sandboxes, ...options.sandbox.map((name) => ({ name, from: "--sandbox" }))];
  const layers = foldSandboxes(trusted.layers, sandboxes);
  const notes = [...read.notes, ...trusted.notes];
  return { layers, agent, sandboxes, notes, dockerfiles: decision.dockerfiles };
}

function chooseAgent(input: RunInput, layers: readonly ManifestLayer[], home: string): ChosenAgent {
  const [name] = input.arguments;
  if (input.command) {
    if (name !== undefined)
      throw cliFailure("wrong_usage", { command: "run", problem: "give an agent or `-- COMMAND`, not both" });
    if (input.command.length === 0)
      throw cliFailure("wrong_usage", { command: "run", problem: "nothing stands behind --" });
    return {
      name: "command",
      provider: providerNamed("command"),
      command: input.command,
      sandboxes: [],
      skills: [],
      notes: [],
    };
  }
  if (name === undefined)
    throw cliFailure("wrong_usage", { command: "run", problem: "say which agent, or `-- COMMAND`" });
  const agent = resolveAgent(name, { layers, home, providers: Object.keys(providers) });
  return { ...agent, provider: providerNamed(agent.provider) };
}

function providerNamed(name: string): Provider {
  const provider = providers[name];
  if (!provider)
    throw cliFailure("wrong_value", {
      command: "run",
      option: "provider",
      value: name,
      expected: Object.keys(providers).join(", "),
    });
  return provider;
}

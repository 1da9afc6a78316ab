import { providerFailure } from "../../provider/errors.ts";
import type { ProviderPlan } from "../../provider/provider.ts";
import { insideHome } from "../../run/compose-launch.ts";
import { sessionRequest } from "../../run/session-request.ts";
import type { LaunchRequest, SessionLaunch } from "../../spec/keeper-protocol.ts";
import type { FilledAgent } from "./fill-agent.ts";
import type { ChosenAgent } from "./read-rules.ts";
import type { RunInput } from "./run-options.ts";

/** What the agent's CLI is started with, beside who it is. */
export interface AgentFacts {
  readonly workspace: { readonly dir?: string };
  readonly pty: LaunchRequest["pty"];
  readonly model: string | undefined;
  readonly prompt: string | undefined;
  readonly outputSchema: FilledAgent["outputSchema"];
  readonly signedInWith: readonly string[];
  readonly accountId: string | undefined;
  readonly binary: string;
  /** Real paths of the masked files: not handed over in another way either. */
  readonly hidden: ReadonlySet<string>;
}

/** What the keeper makes the codec from. Throws where the agent holds no conversation. */
export function sessionLaunch(agent: ChosenAgent, options: RunInput["options"], given: AgentFacts): SessionLaunch {
  const { session } = agent.provider;
  if (!session)
    throw providerFailure("session_unsupported", { agent: agent.name, what: "be held a conversation with" });
  if (options.ask && !session.abilities.answer)
    throw providerFailure("session_unsupported", { agent: agent.name, what: "ask before it uses a tool" });
  return {
    asks: options.ask,
    binary: given.binary,
    signedInWith: [...given.signedInWith],
    ...(options.thinking !== undefined && { thinking: options.thinking }),
    ...(agent.instructions !== undefined && { instructions: agent.instructions }),
    ...(given.model !== undefined && { model: given.model }),
    ...(agent.command && { argv: [...agent.command] }),
    ...(given.prompt !== undefined && { prompt: given.prompt }),
  };
}

/** How the CLI is started for a conversation. */
export async function planSession(
  agent: ChosenAgent,
  launch: SessionLaunch,
  { workspace, accountId, hidden }: AgentFacts,
): Promise<ProviderPlan> {
  const { session } = agent.provider;
  if (!session) throw new Error(`${agent.name} has no session`);
  const workdir = workspace.dir ?? insideHome;
  const request = sessionRequest(launch, { home: insideHome, workdir, skills: await readSkills(agent.skills, hidden) });
  return session.plan({ ...request, ...(accountId !== undefined && { accountId }) });
}

/** How the CLI is started for a prompt, or a screen. */
export async function planAgent(agent: ChosenAgent, given: AgentFacts): Promise<ProviderPlan> {
  const { workspace, pty, model, prompt, signedInWith, accountId, binary, hidden } = given;
  return agent.provider.plan({
    interactive: pty !== undefined && agent.provider.name !== "command",
    home: insideHome,
    workdir: workspace.dir ?? insideHome,
    binary,
    signedInWith,
    skills: await readSkills(agent.skills, hidden),
    ...(accountId !== undefined && { accountId }),
    ...(prompt !== undefined && { prompt }),
    ...(agent.instructions !== undefined && { instructions: agent.instructions }),
    ...(model !== undefined && { model }),
    ...(agent.command && { argv: agent.command }),
    ...(given.outputSchema && agent.provider.output === "native" && { outputSchema: given.outputSchema }),
  });
}

async function readSkills(skills: ChosenAgent["skills"], hidden: ReadonlySet<string>) {
  if (skills.length === 0) return [];
  const { readSkill } = await import("../../host/skill/read-skill.ts");
  return skills.map((skill) => readSkill({ ...skill, hidden }));
}

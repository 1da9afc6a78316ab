import { resolve } from "node:path";
import type { ThinkingLevel } from "../../src/spec/session.ts";
import type { realKeys } from "../kit/agent-world.ts";

/** One provider's row of the session contract: what its abilities claim is tried, what they do not claim is refused. */
export interface SessionCase {
  readonly name: string;
  /** Also the provider's name, unless that is said. */
  readonly agent: string;
  readonly provider?: string;
  /** What stands in the person's manifest for it, beside the upstreams of the providers. */
  readonly manifest?: (model: { readonly upstream: string; readonly cidr: string }) => string;
  readonly key: keyof typeof realKeys;
  readonly model?: string;
  /** A model to change to, as a request to the endpoint then names it. */
  readonly otherModel?: string;
  /** A level to change to, and how a request then shows it. */
  readonly thinking?: { readonly level: ThinkingLevel; readonly seen: RegExp };
  /** Characters that must have been said before it finds something to sum up. */
  readonly talkBeforeSummary?: number;
  /** Matches the CLI's command line inside, and not itself: `[c]laude`. */
  readonly process: string;
}

const kit = resolve(import.meta.dirname, "../kit");
/** What the stand-in is made of. */
const libraries = ["@agentclientprotocol/sdk", "zod"].map((name) =>
  resolve(import.meta.dirname, "../../node_modules", name),
);

/** Every provider with a session. Adding one is adding a row. */
export const sessionCases: readonly SessionCase[] = [
  {
    name: "Claude Code",
    agent: "claude-code",
    key: "ANTHROPIC_API_KEY",
    otherModel: "claude-sonnet-4-5",
    thinking: { level: "low", seen: /"effort":"low"/ },
    process: "[i]nput-format stream-json",
  },
  {
    name: "Codex",
    agent: "codex",
    key: "OPENAI_API_KEY",
    model: "gpt-5.1",
    otherModel: "gpt-5.2",
    thinking: { level: "low", seen: /"effort":"low"/ },
    process: "[a]pp-server",
  },
  {
    name: "pi",
    agent: "pi",
    key: "ANTHROPIC_API_KEY",
    model: "anthropic/claude-sonnet-4-5",
    otherModel: "anthropic/claude-opus-4-5",
    thinking: { level: "low", seen: /"budget_tokens":2048/ },
    // It calls itself so, and nothing else.
    process: "^pi *$",
    talkBeforeSummary: 100_000,
  },
  {
    name: "opencode",
    agent: "opencode",
    key: "ANTHROPIC_API_KEY",
    otherModel: "anthropic/claude-sonnet-4-5",
    thinking: { level: "high", seen: /"effort":"high"|"budget_tokens":\d+/ },
    process: "opencode[.a-z]* [a]cp",
  },
  {
    name: "Copilot",
    agent: "copilot",
    key: "COPILOT_GITHUB_TOKEN",
    model: "gpt-5.4",
    otherModel: "gpt-5.1",
    thinking: { level: "high", seen: /"effort":"high"/ },
    process: "[c]opilot --acp",
  },
  {
    name: "an agent by configuration",
    agent: "stand-in",
    provider: "acp",
    key: "ANTHROPIC_API_KEY",
    otherModel: "model-two",
    thinking: { level: "high", seen: /"effort":"high"/ },
    process: "[a]cp-agent-main",
    manifest: ({ upstream, cidr }) => `
agents:
  stand-in: { provider: acp, command: [node, /opt/stand-in/kit/acp-agent-main.ts] }
credentials:
  stand-in-key: { env: ANTHROPIC_API_KEY, environment: [STAND_IN_KEY] }
routes:
  - host: api.anthropic.com
    upstream: ${upstream}
    allowAddresses: [${cidr}]
    credential: { name: stand-in-key, inject: [{ as: header, name: x-api-key }] }
    model: anthropic
mounts:
  - { source: ${kit}, target: /opt/stand-in/kit }
${libraries.map((folder) => `  - { source: ${folder}, target: /opt/stand-in/node_modules/${folder.split("/node_modules/")[1]} }`).join("\n")}
`,
  },
];

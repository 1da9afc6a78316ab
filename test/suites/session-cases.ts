import type { ThinkingLevel } from "../../src/spec/session.ts";
import type { realKeys } from "../kit/agent-world.ts";

/** One provider's row of the session contract: what its abilities claim is tried, what they do not claim is refused. */
export interface SessionCase {
  readonly name: string;
  /** Also the provider's name. */
  readonly agent: string;
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
    process: "[m]ode rpc",
    talkBeforeSummary: 100_000,
  },
];

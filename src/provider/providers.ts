import { acp } from "./acp.ts";
import { claudeCode } from "./claude-code.ts";
import { codex } from "./codex.ts";
import { command } from "./command.ts";
import { copilot } from "./copilot.ts";
import { opencode } from "./opencode.ts";
import { pi } from "./pi.ts";
import type { Provider } from "./provider.ts";

/** Every provider by its name, which is also the name of its plain agent. */
export const providers: Readonly<Record<string, Provider>> = Object.fromEntries(
  [claudeCode, pi, codex, copilot, opencode, acp, command].map((provider) => [provider.name, provider]),
);

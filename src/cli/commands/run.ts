import { defineCommand } from "../frame/command.ts";
import { runOptions } from "../run/run-options.ts";

/** `caisson run`. */
export const runCommand = defineCommand({
  arguments: [
    {
      name: "[agent]",
      summary: "an agent of a manifest, or claude-code, codex, copilot, opencode, pi (see: caisson agents ls)",
    },
    { name: "[prompt]", summary: "what it is to do; `-` reads it from standard input" },
  ],
  trailing: "[-- COMMAND...]",
  options: runOptions,
  examples: [
    { line: 'caisson run claude-code "make the failing test pass"', does: "lets Claude Code work on this folder" },
    {
      line: "caisson run --allow registry.example -- npm test",
      does: "runs any command sealed, with one host allowed",
    },
    {
      line: "caisson run --param ticket=T-17 --output-schema verdict.json triage 'judge it'",
      does: "fills the agent's parameters in; its answer has to fit the schema",
    },
    {
      line: 'caisson run --session claude-code "look around first"',
      does: "a conversation: what you type is said; caisson resume goes on with it later",
    },
    { line: 'caisson run --sandbox offline reviewer "read it"', does: "an agent and a sandbox of your manifest" },
    { line: 'caisson run claude-code --replay demo.jsonl "mend it"', does: "replays a recording, without a key" },
  ],
  exits: {
    4: "not ready: no credential, no agent CLI, or an engine that is missing",
    5: "the policy refused",
    6: "the sandbox could not be started, or was lost",
    8: "the answer does not fit the output schema: the complaint is told, and in the event error_reported",
    124: "the time was up",
    130: "stopped by Ctrl-C",
    137: "killed",
  },
  notes: [
    "Otherwise the exit code is the agent's own.",
    "On a terminal: Ctrl-] d detaches, Ctrl-] Ctrl-] types one Ctrl-].",
  ],
  run: async (context, input) => (await import("../run/run-sealed.ts")).runSealed(context, input),
});

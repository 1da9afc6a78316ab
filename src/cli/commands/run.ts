import { defineCommand } from "../frame/command.ts";
import { byteSize, choice, duration, flag, list, positiveNumber, text } from "../frame/option.ts";

/** `caisson run`. */
export const runCommand = defineCommand({
  arguments: [
    { name: "[agent]", summary: "an agent of your manifest, or a provider: claude-code, pi (caisson agents ls)" },
    { name: "[prompt]", summary: "what it is to do; `-` reads it from standard input" },
  ],
  trailing: "[-- COMMAND...]",
  options: {
    engine: choice("--engine <engine>", "what makes the sandbox", ["local", "docker", "podman"]),
    workspace: choice("--workspace <mode>", "mount the folder (default), or none", ["mount", "copy", "none"]),
    dir: text("--dir <folder>", "the workspace; by default the current folder"),
    allow: list("--allow <host[:port][/path]>", "allow this destination, or a preset such as npm; several times"),
    manifest: text("--manifest <file>", "your own manifest, trusted"),
    label: text("--label <name>", "a name for people, in lists"),
    detach: flag("--detach", "print the slug and leave it running"),
    dryRun: flag("--dry-run", "print what would be started, start nothing"),
    record: text("--record <file>", "keep the model traffic in a file (no credential in it)"),
    replay: text("--replay <file>", "answer the model from a recording: no key, no network"),
    timeout: duration("--timeout <duration>", "stop after this long (default 4h)"),
    env: list("--env <name[=value]>", "a variable for the agent; without a value, yours"),
    model: text("--model <model>", "the model the agent is to use"),
    cpus: positiveNumber("--cpus <n>", "limit of processors (default 2)"),
    memory: byteSize("--memory <size>", "limit of memory (default 4g)"),
    interactive: flag("-i, --interactive", "give standard input to the command even when it is not a terminal"),
    budget: text("--budget <limit>", "not in this version"),
    image: text("--image <image>", "docker engine: not in this version"),
    publish: list("--publish <port>", "not in this version"),
  },
  examples: [
    { line: 'caisson run claude-code "make the failing test pass"', does: "lets Claude Code work on this folder" },
    { line: "caisson run --allow registry.example -- npm test", does: "runs any command sealed, with one host allowed" },
    { line: 'caisson run claude-code --replay demo.jsonl "mend it"', does: "replays a recording, without a key" },
  ],
  exits: {
    4: "not ready: no credential, no agent CLI, or an engine that is missing",
    5: "the policy refused",
    6: "the sandbox could not be started, or was lost",
    124: "the time was up",
    130: "stopped by Ctrl-C",
    137: "killed",
  },
  notes: ["Otherwise the exit code is the agent's own.", "On a terminal: Ctrl-] d detaches, Ctrl-] Ctrl-] types one Ctrl-]."],
  run: async (context, input) => (await import("../run/run-sealed.ts")).runSealed(context, input),
});

/** What `caisson run` was given. */
export type RunInput = Parameters<typeof runCommand.run>[1];

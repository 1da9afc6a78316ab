import { colorNames } from "../../spec/color-names.ts";
import { thinkingLevels } from "../../spec/thinking-levels.ts";
import type { CommandInput } from "../frame/command.ts";
import { byteSize, choice, duration, flag, list, positiveNumber, text } from "../frame/option.ts";

/** Options of `caisson run`. */
export const runOptions = {
  engine: choice("--engine <engine>", "what makes the sandbox", ["local", "docker", "podman"]),
  workspace: choice("--workspace <mode>", "mount the folder (default), a copy of it, or none", [
    "mount",
    "copy",
    "none",
  ]),
  dir: text("--dir <folder>", "the workspace; by default the current folder"),
  allow: list("--allow <host[:port][/path]>", "allow this destination, or a preset such as npm; several times"),
  manifest: text("--manifest <file>", "your own manifest, trusted"),
  sandbox: list("--sandbox <name>", "a sandbox of your manifests, stronger than the agent's own; several times"),
  param: list("--param <name=value>", "a parameter of the agent, {{name}} in its instructions; several times"),
  outputSchema: text("--output-schema <file>", "JSON Schema that the last answer has to fit; by default the agent's"),
  label: text("--label <name>", "a name for people, in lists"),
  color: choice(
    "--color <name>",
    `marks it in lists and in the terminal's title: ${colorNames.join(", ")}`,
    colorNames,
  ),
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
  image: text("--image <image>", "the agent's image (docker engine); by default its provider's"),
  runtime: text("--runtime <runtime>", "what runs the containers, such as runsc for gVisor (docker engine)"),
  show: list("--show <file>", "show the agent this secret of the workspace, which is masked otherwise; several times"),
  session: flag(
    "--session",
    "hold a conversation: each line that you type, or of standard input, is a prompt (docs/sessions.md)",
  ),
  ask: flag("--ask", "with --session: the agent asks before it uses a tool"),
  thinking: choice(
    "--thinking <level>",
    `with --session: how hard the model thinks: ${thinkingLevels.join(", ")}`,
    thinkingLevels,
  ),
  publish: list("--publish <[hostport:]port>", "make a port inside reachable on this machine; several times"),
} as const;

/** What `caisson run` was given. */
export type RunInput = CommandInput<typeof runOptions>;

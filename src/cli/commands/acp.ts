import { defineCommand } from "../frame/command.ts";
import { runOptions } from "../run/run-options.ts";

const { engine, workspace, allow, show, manifest, sandbox, timeout, env, model, cpus, memory, image, runtime } =
  runOptions;

/** `caisson acp`. */
export const acpCommand = defineCommand({
  arguments: [
    {
      name: "<agent>",
      summary: "an agent of a manifest, or claude-code, codex, copilot, opencode, pi (see: caisson agents ls)",
    },
  ],
  options: {
    engine,
    workspace,
    allow,
    show,
    manifest,
    sandbox,
    timeout,
    env,
    model,
    thinking: { ...runOptions.thinking, summary: "how hard the model thinks" },
    ask: { ...runOptions.ask, summary: "the agent asks in the editor before it uses a tool" },
    cpus,
    memory,
    image,
    runtime,
  },
  examples: [{ line: "caisson acp claude-code", does: "what an editor starts as its agent: see docs/editors.md" }],
  exits: { 4: "not ready: it could not even begin" },
  notes: [
    "Each session of the editor is a sandbox of its own, on the folder that the editor has open. They end with the editor.",
    "Standard output is the protocol; what there is to say to you goes to standard error.",
  ],
  run: async (context, { arguments: [agent = ""], options }) => {
    const { serveAcp } = await import("../acp/serve-acp.ts");
    const unset = {
      dir: undefined,
      label: undefined,
      color: undefined,
      param: [],
      outputSchema: undefined,
      detach: false,
      dryRun: false,
      record: undefined,
      replay: undefined,
      interactive: false,
      budget: undefined,
      publish: [],
      session: true,
    };
    return serveAcp(context, { agent, options: { ...unset, ...options } });
  },
});

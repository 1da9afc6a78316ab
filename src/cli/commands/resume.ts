import { defineCommand } from "../frame/command.ts";
import { flag, list } from "../frame/option.ts";

/** `caisson resume`. */
export const resumeCommand = defineCommand({
  arguments: [
    { name: "<slug>", summary: "a sandbox that has ended: its slug, the beginning of it, or its label" },
    { name: "[prompt]", summary: "what is said next; without it the session opens and waits" },
  ],
  options: {
    detach: flag("--detach", "print the slug and leave it running"),
    ask: flag("--ask", "the agent asks before it uses a tool"),
    show: list(
      "--show <file>",
      "show the agent this secret of the workspace, which is masked otherwise; several times",
    ),
  },
  examples: [
    { line: 'caisson resume brisk-otter "now the tests"', does: "goes on with the same conversation" },
    { line: "caisson resume brisk-otter --detach", does: "opens it again; caisson send says what is next" },
  ],
  exits: {
    2: "it holds no conversation that could go on",
    3: "no such sandbox",
    4: "not ready: no credential, or an engine that is missing",
    6: "the sandbox could not be started, or was lost",
    7: "it is running, or somebody else resumes it",
    130: "the last turn was aborted, or it was stopped by Ctrl-C",
  },
  notes: [
    "Same slug, label, workspace, policy and conversation; certificate, placeholders and credentials are new, and events go on where they were. Nothing that was interrupted is run again by itself.",
  ],
  run: async (context, input) => (await import("../session/resume-sealed.ts")).resumeSealed(context, input),
});

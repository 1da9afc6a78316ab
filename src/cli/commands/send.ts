import { thinkingLevels } from "../../spec/thinking-levels.ts";
import { defineCommand } from "../frame/command.ts";
import { choice, flag, text } from "../frame/option.ts";

/** `caisson send`. */
export const sendCommand = defineCommand({
  arguments: [
    { name: "<slug>", summary: "the running session: its slug, the beginning of it, or its label" },
    { name: "[text]", summary: "a prompt; while a turn goes on it reaches the model within it (where it can)" },
  ],
  options: {
    steer: flag("--steer", "the text is for the turn that goes on"),
    followUp: flag("--follow-up", "the text is the next prompt, once the turn is over"),
    abort: flag("--abort", "end the turn that goes on, and drop what waits for its end"),
    answer: text("--answer <[question=]option>", "answer a question by one of its options"),
    answerText: text("--answer-text <[question=]text>", "answer a question in words"),
    model: text("--model <model>", "another model from now on"),
    thinking: choice("--thinking <level>", "how hard the model thinks from now on", thinkingLevels),
    compact: flag("--compact", "sum the conversation up, to make room"),
    wait: flag("--wait", "wait for the turn's end, and print its text"),
  },
  examples: [
    { line: 'caisson send brisk-otter "now the tests" --wait', does: "says it, waits, prints the answer" },
    { line: "caisson send brisk-otter --answer allow", does: "answers the one question that is open" },
    { line: "caisson send brisk-otter --abort", does: "ends the turn; the session goes on" },
  ],
  exits: {
    1: "the turn failed, or was interrupted (--wait)",
    2: "refused: it makes no sense now, or the agent cannot do that",
    3: "no such sandbox",
    7: "it does not run",
    130: "the turn was aborted, or the prompt dropped (--wait)",
  },
  notes: [
    "One thing per call. Without --wait it returns when the session has taken it; caisson attach shows what follows.",
  ],
  run: async (context, input) => (await import("../session/send-said.ts")).sendSaid(context, input),
});

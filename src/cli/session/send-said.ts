import { runFailure } from "../../run/errors.ts";
import type { Question, SessionCommand, ThinkingLevel } from "../../spec/session.ts";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { askStatus } from "../run/ask-status.ts";
import { keeperFailure } from "../run/keeper-failure.ts";
import { reachSandbox } from "../run/reach-sandbox.ts";
import { answerFor } from "./answer-for.ts";
import { createSessionTalk, type PromptEnd } from "./session-talk.ts";

/** What `caisson send` was given. */
export interface SendInput {
  readonly arguments: readonly string[];
  readonly options: {
    readonly steer: boolean;
    readonly followUp: boolean;
    readonly abort: boolean;
    readonly answer: string | undefined;
    readonly answerText: string | undefined;
    readonly model: string | undefined;
    readonly thinking: ThinkingLevel | undefined;
    readonly compact: boolean;
    readonly wait: boolean;
  };
}

/** Says one thing to a session. Returns the exit code: with `--wait` that of the turn. */
export async function sendSaid(context: CommandContext, input: SendInput): Promise<number> {
  const { output, folders } = context;
  const [name = ""] = input.arguments;
  checkOneThing(input);
  const { metadata, client } = await reachSandbox(folders.state, name);
  using connection = client;
  const { slug } = metadata;
  const talk = createSessionTalk(connection);
  connection.send({ type: "attach", fromSeq: 0, input: false });
  // Answered after all that was told so far: what is open is known by then.
  const status = await askStatus(connection);
  if (status === undefined) throw runFailure("sandbox_ended", { slug });
  if (!status.session) throw runFailure("session_none", { slug });
  const reply = await talk.say(commandOf(input, talk.questions, slug));
  if (reply === undefined) throw runFailure("sandbox_ended", { slug });
  if (reply.type === "failed") throw keeperFailure(reply, slug);
  const { prompt } = reply;
  const told = { slug, accepted: true, ...(prompt !== undefined && { prompt }) };
  if (!input.options.wait || prompt === undefined) {
    output.show(told, () => []);
    return 0;
  }
  const end = await talk.endOf(prompt);
  if (end === undefined) throw runFailure("sandbox_ended", { slug });
  output.show({ ...told, ...end }, () => (end.text === "" ? [] : end.text.trimEnd().split("\n")));
  return exitOfTurn(end);
}

const exitOfTurn = ({ outcome }: PromptEnd): number => {
  switch (outcome) {
    case "completed":
      return 0;
    case "aborted":
    case "dropped":
      return 130;
    case "failed":
    case "interrupted":
      return 1;
  }
};

function checkOneThing({ arguments: [, text], options }: SendInput): void {
  const { steer, followUp, abort, answer, answerText, model, thinking, compact } = options;
  const things = [text, abort || undefined, answer, answerText, model, thinking, compact || undefined];
  const count = things.filter((thing) => thing !== undefined).length;
  const wrong = (problem: string) => cliFailure("wrong_usage", { command: "send", problem });
  if (count !== 1) throw wrong(count === 0 ? "say what to send" : "one thing per call");
  if ((steer || followUp) && text === undefined) throw wrong("--steer and --follow-up go with a text");
  if (steer && followUp) throw wrong("--steer or --follow-up, not both");
}

function commandOf(
  { arguments: [, text], options }: SendInput,
  questions: readonly Question[],
  slug: string,
): SessionCommand {
  if (text !== undefined) return { type: options.steer ? "steer" : options.followUp ? "follow_up" : "prompt", text };
  if (options.abort) return { type: "abort" };
  if (options.model !== undefined) return { type: "set_model", model: options.model };
  if (options.thinking !== undefined) return { type: "set_thinking", level: options.thinking };
  if (options.compact) return { type: "compact" };
  const { question, said } = addressed(options.answer ?? options.answerText ?? "", questions, slug);
  if (options.answerText !== undefined) return { type: "answer", question, answer: { text: said } };
  const found = questions.find((one) => one.question === question);
  // One that is not among the options is refused by the session, which names them.
  const answer = found ? answerFor(found, said).answer : { option: said };
  return { type: "answer", question, answer: "option" in answer ? answer : { option: said } };
}

/** `QUESTION=SAID`, where the question may be shortened; `SAID` alone where one question is open. */
function addressed(given: string, questions: readonly Question[], slug: string) {
  const at = given.indexOf("=");
  const named = at > 0 ? questions.filter(({ question }) => question.startsWith(given.slice(0, at))) : [];
  const [first, ...others] = named.length > 0 ? named : questions;
  if (first && others.length === 0)
    return { question: first.question, said: named.length > 0 ? given.slice(at + 1) : given };
  if (questions.length === 0 && at > 0) return { question: given.slice(0, at), said: given.slice(at + 1) };
  const problem =
    questions.length === 0
      ? `${slug} has no open question`
      : `${slug} has ${questions.length} open questions: give QUESTION=ANSWER, one of ${questions.map(({ question }) => question).join(", ")}`;
  throw cliFailure("wrong_usage", { command: "send", problem });
}

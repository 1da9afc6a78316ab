import { createInterface } from "node:readline";
import type { SessionCommand } from "../../spec/session.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { answerFor } from "./answer-for.ts";
import type { SessionTalk } from "./session-talk.ts";

/** Lines that may wait here until they are taken; past this, input is not read. */
const mostWaiting = 16;

/**
 * Says to a session what standard input says. Without a terminal a line is a prompt that waits for the turn before; on one it
 * is said at once, and answers a question where one is open; with `--json` it is a SessionCommand. Disposing ends the reading.
 */
export function readSaid(
  context: CommandContext,
  talk: SessionTalk,
  { isShown, over }: { isShown(text: string): void; over(): void },
): Disposable {
  const { input, output } = context;
  const lines = createInterface({ input: input.stream, terminal: false });
  const waiting: string[] = [];
  let working: Promise<void> | undefined;
  let isClosed = false;

  const say = async (command: SessionCommand): Promise<number | undefined> => {
    const reply = await talk.say(command);
    if (reply?.type === "failed") tellRefusal(context, reply);
    return reply?.type === "accepted" ? reply.prompt : undefined;
  };
  const sayLine = async (line: string): Promise<void> => {
    if (output.json) return sayJson(context, line, async (command) => void (await say(command)));
    if (line.trim() === "") return;
    if (input.isTerminal) {
      const [question] = talk.questions;
      if (!question) isShown(line);
      await say(question ? answerFor(question, line) : { type: "prompt", text: line });
      return;
    }
    const prompt = await say({ type: "prompt", text: line });
    if (prompt !== undefined) await talk.endOf(prompt);
  };
  const work = async () => {
    for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
      if (!isClosed) lines.resume();
      await sayLine(line);
    }
    working = undefined;
    if (isClosed) over();
  };
  lines.on("line", (line) => {
    waiting.push(line);
    if (waiting.length >= mostWaiting) lines.pause();
    working ??= work();
  });
  lines.on("close", () => {
    isClosed = true;
    if (!working && !isDisposed) over();
  });
  let isDisposed = false;
  return {
    [Symbol.dispose]: () => {
      isDisposed = true;
      lines.close();
    },
  };
}

/** A line that is no command is told, and the next one is read. */
async function sayJson(
  context: CommandContext,
  line: string,
  say: (command: SessionCommand) => Promise<void>,
): Promise<void> {
  const { SessionCommand } = await import("../../spec/session.ts");
  const parsed = SessionCommand.safeParse(parseJson(line));
  if (parsed.success) return say(parsed.data);
  const problem = parsed.error.issues.map(({ path, message }) => [...path, message].join(": ")).join("; ");
  tellRefusal(context, {
    code: "session_refused",
    message: `Cannot read command: ${problem}`,
    hint: '{"type":"prompt","text":"…"}',
    exit: 2,
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** What was not taken does not end the session. */
function tellRefusal(
  { output }: CommandContext,
  { code, message, hint, exit }: { code: string; message: string; hint: string; exit: number },
): void {
  if (output.json) output.show({ error: { code, message, hint, exit } }, () => []);
  else output.note(`  ${output.style.bad("✗ refused")}  ${message}   (${hint})`);
}

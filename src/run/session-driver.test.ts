import { expect, it } from "vitest";
import type { SessionAbilities, SessionCodec, SessionStep } from "../provider/provider.ts";
import type { RunEvent, RunEventDraft } from "../spec/events.ts";
import type { SessionCommand } from "../spec/session.ts";
import { createSessionDriver } from "./session-driver.ts";

const everything: SessionAbilities = {
  steer: "now",
  answer: true,
  setModel: true,
  thinking: ["low"],
  compact: true,
  resume: true,
  streams: true,
};

/** A CLI of the test: each command is a line; what it says are events as JSON lines. */
function lineCodec(): SessionCodec {
  const said = (command: SessionCommand) => `${command.type}${"text" in command ? ` ${command.text}` : ""}\n`;
  return {
    open: () => ({ write: "hello\n" }),
    encode: (command) => ({
      write: said(command),
      events: command.type === "compact" ? [{ event: "compaction_started" }] : [],
    }),
    decode: (bytes): SessionStep => ({ events: JSON.parse(Buffer.from(bytes).toString()) as RunEventDraft[] }),
    end: () => ({}),
  };
}

function open(abilities: Partial<SessionAbilities> = {}, start = true) {
  const record: string[] = [];
  let seq = 0;
  const child = {
    write: (bytes: Uint8Array, taken?: () => void) => {
      record.push(`> ${Buffer.from(bytes).toString().trim()}`);
      taken?.();
    },
    closeInput: () => void record.push("> end of input"),
    kill: () => void record.push("killed"),
  };
  const driver = createSessionDriver({
    agent: "a",
    codec: lineCodec(),
    abilities: { ...everything, ...abilities },
    append: (draft) => {
      seq += 1;
      const { event, ...rest } = draft;
      record.push(`${event} ${JSON.stringify(rest)}`);
      return { ts: "", seq, agent: "a", ...draft } as RunEvent;
    },
    streamed: () => {},
  });
  if (start) driver.start(child);
  const say = (...events: RunEventDraft[]) => driver.decode(Buffer.from(JSON.stringify(events)));
  const done: RunEventDraft = { event: "turn_completed", outcome: "completed", text: "ok" };
  return { record, driver, say, done, child, take: () => record.splice(0) };
}

it("records a prompt before the CLI gets it, and numbers its turn", () => {
  const { driver, take, say, done } = open();
  take();
  expect(driver.command({ type: "prompt", text: "x" })).toEqual({ prompt: 1 });
  say({ event: "turn_started" }, done);
  expect(take()).toEqual([
    'prompt_received {"kind":"prompt","text":"x"}',
    "> prompt x",
    'turn_started {"prompt":1}',
    'turn_completed {"prompt":1,"outcome":"completed","text":"ok"}',
  ]);
});

it("keeps prompts that come before the CLI runs, and says them one after the other", () => {
  const { driver, take, child, say, done } = open({}, false);
  driver.command({ type: "prompt", text: "one" });
  driver.command({ type: "follow_up", text: "two" });
  driver.start(child);
  expect(take().slice(-2)).toEqual(["> hello", "> prompt one"]);
  say(done);
  expect(take().at(-1)).toBe("> prompt two");
});

it("steers within a turn, queues where the CLI cannot, refuses where it must", () => {
  const now = open();
  now.driver.command({ type: "prompt", text: "x" });
  expect(now.driver.command({ type: "prompt", text: "y" })).toEqual({ prompt: 1 });
  expect(now.take().at(-1)).toBe("> steer y");

  const queued = open({ steer: "queued" });
  queued.driver.command({ type: "prompt", text: "x" });
  queued.driver.command({ type: "steer", text: "y" });
  expect(queued.take().at(-1)).toBe('prompt_received {"kind":"follow_up","text":"y"}');
  queued.say(queued.done);
  expect(queued.take().at(-1)).toBe("> prompt y");

  const no = open({ steer: "no" });
  no.driver.command({ type: "prompt", text: "x" });
  expect(() => no.driver.command({ type: "steer", text: "y" })).toThrow(/cannot be steered/);
  expect(() => no.driver.command({ type: "prompt", text: "y" })).toThrow(/did not take it/);
});

it("drops what waits when a turn is aborted: nothing is run after it by itself", () => {
  const { driver, take, say } = open();
  driver.command({ type: "prompt", text: "x" });
  driver.command({ type: "follow_up", text: "later" });
  take();
  driver.command({ type: "abort" });
  say({ event: "turn_completed", outcome: "aborted", text: "" });
  expect(take()).toEqual([
    'prompts_dropped {"prompts":[2],"reason":"the turn before was aborted"}',
    "> abort",
    'turn_started {"prompt":1}',
    'turn_completed {"prompt":1,"outcome":"aborted","text":""}',
  ]);
  driver.command({ type: "abort" });
  expect(take()).toEqual([]);
});

it("takes the first answer to a question, of its options, and tells the second", () => {
  const { driver, take, say, done } = open();
  driver.command({ type: "prompt", text: "x" });
  const options = [{ id: "allow", label: "Allow", means: "allow" } as const];
  say({ event: "question_asked", question: "q", kind: "permission", title: "t", options });
  const answer = (option: string) => driver.command({ type: "answer", question: "q", answer: { option } });
  expect(() => answer("maybe")).toThrow(/no option "maybe", only allow/);
  answer("allow");
  expect(take().slice(-2)).toEqual(['question_answered {"question":"q","answer":{"option":"allow"}}', "> answer"]);
  expect(() => answer("allow")).toThrow(/answered already/);
  say({ event: "question_asked", question: "r", kind: "permission", title: "t", options }, done);
  expect(take()).toContain('question_answered {"question":"r","answer":{"cancelled":true}}');
});

it("refuses what the CLI cannot do, by its abilities", () => {
  const { driver } = open({ setModel: false, thinking: [], compact: false, answer: false });
  for (const command of [
    { type: "set_model", model: "m" },
    { type: "set_thinking", level: "low" },
    { type: "compact" },
    { type: "answer", question: "q", answer: { option: "allow" } },
  ] as const)
    expect(() => driver.command(command)).toThrow(expect.objectContaining({ code: "session_unsupported" }));
});

it("holds prompts while the conversation is summed up", () => {
  const { driver, take, say } = open();
  driver.command({ type: "compact" });
  driver.command({ type: "prompt", text: "x" });
  expect(take().at(-1)).toBe('prompt_received {"kind":"prompt","text":"x"}');
  say({ event: "compaction_completed", ok: true });
  expect(take().at(-1)).toBe("> prompt x");
});

it("ends after the last turn once nothing more is said; a stream that ends first interrupts the turn", () => {
  const { driver, take, say, done } = open();
  driver.command({ type: "prompt", text: "x" });
  driver.command({ type: "follow_up", text: "y" });
  driver.finish();
  expect(() => driver.command({ type: "prompt", text: "z" })).toThrow(/the session ends/);
  say(done);
  expect(driver.isFinished).toBe(false);
  say(done);
  expect(take().at(-1)).toBe("> end of input");
  expect(driver.isFinished).toBe(true);

  const cut = open();
  cut.driver.command({ type: "prompt", text: "x" });
  cut.driver.command({ type: "follow_up", text: "y" });
  cut.driver.end();
  cut.driver.end();
  expect(cut.take().slice(-3)).toEqual([
    'turn_started {"prompt":1}',
    'turn_completed {"prompt":1,"outcome":"interrupted","text":""}',
    'prompts_dropped {"prompts":[2],"reason":"the session ended"}',
  ]);
});

it("answers nobody's questions at once when too many are open: what it keeps of an agent's words is bounded", () => {
  const { driver, take, say } = open();
  driver.command({ type: "prompt", text: "x" });
  take();
  for (let n = 0; n < 150; n += 1)
    say({ event: "question_asked", question: `q${n}`, kind: "text", title: "?", options: [] });
  const record = take();
  expect(record.filter((line) => line.startsWith("question_asked"))).toHaveLength(100);
  expect(record.filter((line) => line === "> answer")).toHaveLength(50);
});

it("ends a CLI that makes it answer and does not read the answers", () => {
  const record: string[] = [];
  const driver = createSessionDriver({
    agent: "a",
    codec: { ...lineCodec(), decode: () => ({ write: "no such method\n".repeat(70_000) }) },
    abilities: everything,
    append: (draft) => {
      record.push(draft.event);
      return { ts: "", seq: record.length, agent: "a", ...draft } as RunEvent;
    },
    streamed: () => {},
  });
  let written = 0;
  driver.start({
    write: (bytes) => {
      written += bytes.length;
    },
    closeInput: () => {},
    kill: () => void record.push("killed"),
  });
  for (let n = 0; n < 100; n += 1) driver.decode(Buffer.from("x"));
  expect(record).toEqual(["error_reported", "killed"]);
  expect(written).toBeLessThan(32 * 1024 ** 2);
});

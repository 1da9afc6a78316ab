import type { Readable } from "node:stream";
import { Failure } from "../base/failure.ts";
import { createLineSplitter } from "../base/line-splitter.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { readToKeeper } from "../spec/read-message.ts";
import type { GateWish } from "./gate-ahead.ts";
import { keepAhead } from "./keep-ahead.ts";
import { claimSlug, keep } from "./keeper.ts";
import type { Machine } from "./machine.ts";

/** Longest request: a prompt of some megabytes, and files. */
const requestBytes = 64 * 1024 ** 2;

/** By then the agent has started. */
const settleAfterMs = 1000;

/** How a keeper's process is spoken to. */
export interface KeeperChannel {
  /**
   * One line says what to run; the end without a line says that there is nothing to run after all, one behind it that the caller is
   * gone. Before it a line may say what to make for it ahead (`{"wish": ...}`).
   */
  readonly input: Readable;
  /** Tells the caller: `listening`, `slug_taken`, or a failure as JSON; before that, of a wish, what came of it. */
  answer(word: string): void;
  /** The slug is ours: what goes wrong from here belongs to it. */
  claimed(slug: string): void;
  /** Aborted when the keeper itself is told to go. */
  readonly signal: AbortSignal;
  /** How to tell those who follow the run what this process is about to die of. */
  lastWord(tell: (error: unknown) => void): void;
}

/** Runs what the channel asks for, from launch to teardown, and settles what others left. Returns the process's exit code. */
export async function runKeeper(machine: Machine, channel: KeeperChannel): Promise<number> {
  const ahead = keepAhead(machine, (told) => channel.answer(JSON.stringify(told)));
  const alone = new Promise<void>((resolve) => {
    for (const end of ["end", "error", "close"]) channel.input.once(end, () => resolve());
  });
  const line = await readRequest(channel, ahead.make);
  if (line === undefined) {
    await ahead.end();
    return 0;
  }
  const request = JSON.parse(line) as LaunchRequest;
  const { slug } = request.metadata;
  const made = await ahead.take(slug);
  const host = made ?? (await orTold(channel, () => machine.keeperHost(request.metadata)));
  if (typeof host === "number") {
    await ahead.end();
    return host;
  }
  const claimed =
    made !== undefined || (await orTold(channel, () => claimSlug(host, { slug, resumes: request.resumes })));
  if (claimed !== true) {
    if (claimed === false) channel.answer("slug_taken");
    await ahead.end();
    return claimed === false ? 7 : claimed;
  }
  channel.claimed(slug);
  // What others left when they died, and what was made ahead for nothing, is put right meanwhile, or at the end, where nobody waits for it.
  let settling: Promise<unknown> | undefined;
  const settleOthers = () => {
    settling ??= Promise.all([ahead.end(), import("./settle.ts").then(({ settleAll }) => settleAll(machine))]);
    return settling;
  };
  setTimeout(() => void settleOthers(), settleAfterMs).unref();
  const keeping = {
    listening: () => channel.answer("listening"),
    alone,
    parse: (value: unknown) => {
      const read = readToKeeper(value);
      if ("problem" in read) throw new TypeError(read.problem);
      return read.value;
    },
    signal: channel.signal,
    lastWord: channel.lastWord,
  };
  const exit = await orTold(channel, () => keep(host, request, keeping));
  await settleOthers();
  return exit ?? 0;
}

/** What keeps a run from beginning is told to whoever started us, as the expected failure that it is; returns its exit code. */
async function orTold<T>(channel: KeeperChannel, act: () => T | Promise<T>): Promise<T | number> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, message, hint, status, exit } = error;
    channel.answer(JSON.stringify({ code, message, hint, status, exit }));
    return exit;
  }
}

/** What each line before the request begins with. */
const wishMark = '{"wish":';

function readRequest(
  { input, signal }: Pick<KeeperChannel, "input" | "signal">,
  wished: (wish: GateWish) => void,
): Promise<string | undefined> {
  const split = createLineSplitter(requestBytes);
  return new Promise((resolve) => {
    input.on("data", (bytes: Buffer) => {
      for (const line of split(bytes)) {
        if (line.startsWith(wishMark)) wished((JSON.parse(line) as { readonly wish: GateWish }).wish);
        else resolve(line);
      }
    });
    input.once("end", () => resolve(undefined));
    input.once("error", () => resolve(undefined));
    // Told to go before there was anything to do; later a run hears it.
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

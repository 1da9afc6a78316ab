import { spawn } from "node:child_process";
import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { Failure } from "../base/failure.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { runFailure } from "./errors.ts";
import type { AheadTold, GateAhead, GateWish } from "./gate-ahead.ts";

/** A keeper that was spawned and has not been told yet what to run: it boots while its caller still decides. */
export interface SpawnedKeeper {
  /** Has it make a gate before there is a request. Resolves when it is there, else with the reason why not. Never rejects. */
  wish(wish: GateWish): Promise<string | undefined>;
  /** What it has made for a request that fits, as far as it has told. */
  readonly ahead: GateAhead | undefined;
  /**
   * Hands over the request; resolves when the keeper's socket answers: from there on it waits for us to attach, as long as we live.
   * Throws `slug_taken`, `keeper_died`.
   */
  launch(request: LaunchRequest): Promise<void>;
  /** Whoever should attach has, or does not. */
  leave(): void;
  /** Ends a keeper that got no request; does nothing to one that did. */
  abandon(): void;
  /** Resolves when it is gone without having answered. */
  readonly died: Promise<void>;
  /** Resolves when it has rehearsed, which the keeper of a spare does, or can tell nothing any more. */
  readonly rehearsed: Promise<void>;
}

/** Starts a detached keeper: it outlives this process and its terminal. */
export function spawnKeeper(
  entry: { command: string; args: readonly string[] },
  environment: Readonly<Record<string, string | undefined>>,
): SpawnedKeeper {
  const child = spawn(entry.command, entry.args, {
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: environment,
    cwd: "/",
  });
  child.once("error", (error) => child.stderr.destroy(error));
  child.unref();
  return speakTo(child.stdin, [child.stdout, child.stderr]);
}

/**
 * Takes over the keeper that `bin/caisson` has started already, on the descriptors that it left open for us: 8 to tell it what to
 * run, 7 for what it says. Undefined where it could not start one.
 */
export function adoptKeeper(): SpawnedKeeper | undefined {
  adopted ??= adopt();
  return adopted;
}

/** The descriptors are read by one reader, whoever asks for it first. */
let adopted: SpawnedKeeper | undefined;

function adopt(): SpawnedKeeper | undefined {
  try {
    if (!fstatSync(7).isFIFO() || !fstatSync(8).isFIFO()) return undefined;
  } catch {
    return undefined;
  }
  const said = new Socket({ fd: 7, readable: true, writable: false });
  return speakTo(new Socket({ fd: 8, readable: false, writable: true }), [said]);
}

/** Whoever holds the other ends: the last of what is said without an answer is why there was none. */
function speakTo(request: Writable, streams: readonly Readable[]): SpawnedKeeper {
  let isTold = false;
  let said = "";
  const rehearsed = Promise.withResolvers<void>();
  let told: AheadTold | undefined;
  const hasTold = Promise.withResolvers<void>();
  const answer = new Promise<string | undefined>((resolve) => {
    let open = streams.length;
    for (const stream of streams) {
      stream.on("data", (bytes: Buffer) => {
        said = (said + bytes.toString()).slice(-64_000);
        const lines = said.split("\n").slice(0, -1);
        const line = lines.find(isAnswer);
        if (line !== undefined) resolve(line);
        if (said.startsWith("rehearsed\n") || said.includes("\nrehearsed\n")) rehearsed.resolve();
        const ahead = lines.findLast((text) => text.startsWith('{"ahead":'));
        if (ahead === undefined) return;
        told = JSON.parse(ahead) as AheadTold;
        hasTold.resolve();
      });
      stream.once("error", (error) => {
        said += error.message;
      });
      stream.once("close", () => {
        open -= 1;
        if (open > 0) return;
        resolve(undefined);
        rehearsed.resolve();
      });
    }
  });
  request.on("error", () => {}); // Seen in the streams' end.

  return {
    rehearsed: rehearsed.promise,
    wish: async (wish) => {
      request.write(`${JSON.stringify({ wish })}\n`);
      await Promise.race([hasTold.promise, answer]);
      return told?.ahead ? undefined : (told?.reason ?? "its keeper ended");
    },
    get ahead() {
      return told?.ahead ?? undefined;
    },
    died: answer.then((line) => (line === undefined ? undefined : new Promise<never>(() => {}))),
    async launch(launch) {
      isTold = true;
      // Not ended: it is open for as long as we live, which the keeper sees.
      request.write(`${JSON.stringify(launch)}\n`);
      const line = await answer;
      for (const stream of streams) stream.destroy();
      if (line === "listening") return;
      request.destroy();
      if (line?.startsWith("{")) throw failureOf(line);
      if (line === "slug_taken" && launch.resumes)
        throw runFailure("resume_busy", {
          slug: launch.metadata.slug,
          state: "resumed by somebody else right now, or gone",
        });
      if (line === "slug_taken") throw runFailure("slug_taken", { slug: launch.metadata.slug });
      throw runFailure("keeper_died", { detail: said.trim().slice(-4000) });
    },
    leave: () => void request.destroy(),
    abandon: () => {
      if (!isTold) request.destroy();
    },
  };
}

/** What a keeper says may stand behind a warning of Node's. */
const isAnswer = (line: string) => line === "listening" || line === "slug_taken" || line.startsWith('{"code":');

/** An expected failure that the keeper told in its first and only line. */
function failureOf(line: string): Failure {
  const { code, message, hint, status, exit } = JSON.parse(line) as Failure;
  return new Failure(code, { message, hint, status, exit }, {});
}

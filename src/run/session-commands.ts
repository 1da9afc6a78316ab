import { Failure } from "../base/failure.ts";
import type { FromKeeper, ToKeeper } from "../spec/keeper-protocol.ts";
import { runFailure } from "./errors.ts";
import type { MainEnd } from "./run-main.ts";
import type { SessionDriver } from "./session-driver.ts";

/** Gives a client's command to the session; what is answered says whether it was taken. */
export function takeCommand(
  session: SessionDriver | undefined,
  { id, command }: Extract<ToKeeper, { type: "command" }>,
  slug: string,
): FromKeeper {
  try {
    if (session === undefined) throw runFailure("session_none", { slug });
    return { type: "accepted", id, ...session.command(command) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, message, hint, exit } = error;
    return { type: "failed", id, code, message, hint: hint.replace("SLUG", slug), exit };
  }
}

/** How a session ended: where it ended as it was asked to, as its last turn did. */
export function sessionEnd({ lastTurn, isFinished }: SessionDriver, ended: MainEnd): MainEnd {
  if (!isFinished) return ended;
  switch (lastTurn) {
    case undefined:
    case "completed":
      return { exitCode: 0 };
    case "aborted":
      return { exitCode: 130 };
    case "failed":
      return { exitCode: 1 };
    case "interrupted":
      return ended.exitCode === 0 ? { exitCode: 1 } : ended;
  }
}

import { runFailure } from "../../run/errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { terminalTitle } from "../output/terminal-title.ts";
import { askStatus } from "./ask-status.ts";
import { followRun } from "./follow-run.ts";
import { reachSandbox } from "./reach-sandbox.ts";

/** Connects this terminal to a run that somebody else started; returns the run's exit code, or 0 when the person left. */
export async function attachRun(context: CommandContext, name: string): Promise<number> {
  const { metadata, client } = await reachSandbox(context.folders.state, name);
  using connection = client;
  const status = await askStatus(connection);
  if (status === undefined) throw runFailure("sandbox_ended", { slug: metadata.slug });
  if (status.session) {
    const { followSession } = await import("../session/follow-session.ts");
    return await followSession(context, connection, { metadata, isOurs: false });
  }
  const size = context.terminalSize();
  const pty = status.terminal && size !== undefined ? { ...size, term: "" } : undefined;
  using _title = terminalTitle(context.output, metadata);
  return await followRun(context, connection, { metadata, pty, stdin: "none", decode: status.decoded, isOurs: false });
}

import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { Note } from "../../policy/note.ts";
import type { RecordingHeader } from "../../spec/recording.ts";
import { cliFailure } from "../errors.ts";

/** What of a run's model traffic is kept, or where it is answered from. */
export interface RecordingPlan {
  readonly record: string | undefined;
  readonly replay: string | undefined;
  /** For a replay: what the recorded CLI was signed in with. */
  readonly credentials: readonly string[] | undefined;
  readonly notes: readonly Note[];
}

/** Reads the recording that a run is to replay, or makes sure that none is written over: both before anything starts. */
export async function planRecording(
  cwd: string,
  options: { readonly record?: string | undefined; readonly replay?: string | undefined },
  agent: { readonly provider: string; readonly cliVersion: string | undefined },
): Promise<RecordingPlan> {
  const [record, replay] = [options.record, options.replay].map((file) =>
    file === undefined ? file : resolve(cwd, file),
  );
  if (record !== undefined && replay !== undefined)
    throw cliFailure("wrong_usage", { command: "run", problem: "give --record or --replay, not both" });
  if (record !== undefined && existsSync(record)) {
    const { runFailure } = await import("../../run/errors.ts");
    throw runFailure("recording_exists", { file: record });
  }
  if (replay === undefined) return { record, replay, credentials: undefined, notes: [] };
  const { readRecordingFile } = await import("../../run/recording.ts");
  const { header } = await readRecordingFile(replay);
  return { record, replay, credentials: header.credentials, notes: replayNotes(basename(replay), header, agent) };
}

function replayNotes(
  file: string,
  header: RecordingHeader,
  agent: { readonly provider: string; readonly cliVersion: string | undefined },
): readonly Note[] {
  const by = header.source === "live" ? "a live model" : "a script";
  const text = `replay     ${file}: answers of ${by}, recorded on ${header.recordedAt.slice(0, 10)} with ${header.provider} ${header.cliVersion}`;
  const notes: Note[] = [{ level: "info", code: "replaying", text }];
  const now = `${agent.provider} ${agent.cliVersion ?? "of an unknown version"}`;
  if (now !== `${header.provider} ${header.cliVersion}`) {
    const warning = `replay     this is ${now}: it may ask what the recording has no answer to`;
    notes.push({ level: "warning", code: "replay_version", text: warning });
  }
  return notes;
}

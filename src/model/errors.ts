import { failures } from "../base/failure.ts";

/** Makes a `Failure` of this room. */
export const modelFailure = failures({
  recording_invalid: {
    message: (d: { file: string; line: number; reason: string }) =>
      `Cannot read recording "${d.file}": line ${d.line}: ${d.reason}`,
    hint: () => "record it again: caisson run --record FILE ...",
    status: 422,
    exit: 2,
  },
  recording_missing: {
    message: (d: { file: string }) => `Cannot read recording "${d.file}": there is no such file`,
    hint: () => "caisson run --record FILE ...",
    status: 404,
    exit: 3,
  },
  recording_version: {
    message: (d: { file: string; version: string }) =>
      `Cannot read recording "${d.file}": it has version ${d.version}, this Caisson reads version 1`,
    hint: () => "record it again, or update Caisson",
    status: 422,
    exit: 2,
  },
});

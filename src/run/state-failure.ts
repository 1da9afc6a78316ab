import type { Failure } from "../base/failure.ts";
import { systemReason } from "../host/system-reason.ts";
import { runFailure } from "./errors.ts";

/**
 * What the system refused in the state folder, as the expected failure that it is; anything else as it came. An error that names no
 * path is of a file that was open: those of a run lie there.
 */
export function stateFailure(dir: string, error: unknown): Failure | unknown {
  const { path = dir } = error as NodeJS.ErrnoException;
  const reason = path.startsWith(dir) || dir.startsWith(path) ? systemReason(error) : undefined;
  return reason === undefined ? error : runFailure("state_unusable", { dir, reason }, { cause: error });
}

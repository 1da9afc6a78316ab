import type { Failure } from "../base/failure.ts";
import { systemReason } from "../host/system-reason.ts";
import { runFailure } from "./errors.ts";

/**
 * What the system refused in the state folder, as the expected failure that it is; anything else as it came. A write that names no
 * path is one to a file that was open: those of a run lie there.
 */
export function stateFailure(dir: string, error: unknown): Failure | unknown {
  const { path, syscall } = error as NodeJS.ErrnoException;
  const isOurs = path === undefined ? syscall === "write" : path.startsWith(dir) || dir.startsWith(path);
  const reason = isOurs ? systemReason(error) : undefined;
  return reason === undefined ? error : runFailure("state_unusable", { dir, reason }, { cause: error });
}

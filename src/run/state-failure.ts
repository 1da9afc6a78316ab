import type { Failure } from "../base/failure.ts";
import { runFailure } from "./errors.ts";

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "your disk quota is used up",
  ENOSPC: "no space left on its disk",
  ENOTDIR: "a part of that path is a file",
  EPERM: "operation not permitted",
  EROFS: "its file system is read-only",
};

/** What the system refused in the state folder, as the expected failure that it is; anything else as it came. */
export function stateFailure(dir: string, error: unknown): Failure | unknown {
  const { code } = error as NodeJS.ErrnoException;
  const reason = code === undefined ? undefined : reasons[code];
  return reason === undefined ? error : runFailure("state_unusable", { dir, reason }, { cause: error });
}

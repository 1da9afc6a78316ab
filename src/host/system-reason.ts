const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EDQUOT: "your disk quota is used up",
  ENOSPC: "no space left on its disk",
  ENOTDIR: "a part of that path is a file",
  EPERM: "operation not permitted",
  EROFS: "its file system is read-only",
};

/** Why the system refused to write where a person said, in words; undefined for what is no such refusal. */
export function systemReason(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? undefined : reasons[code];
}

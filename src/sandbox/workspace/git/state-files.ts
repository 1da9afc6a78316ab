/** Files at the top of a git directory that belong to one working tree: where it is, and what is under way. */
export const workTreeFiles = [
  "HEAD",
  "index",
  "ORIG_HEAD",
  "FETCH_HEAD",
  "MERGE_HEAD",
  "MERGE_MODE",
  "MERGE_MSG",
  "AUTO_MERGE",
  "SQUASH_MSG",
  "CHERRY_PICK_HEAD",
  "REVERT_HEAD",
  "REBASE_HEAD",
  "COMMIT_EDITMSG",
] as const;

/** Files at the top of a git directory that all its working trees share. */
export const commonFiles = ["packed-refs", "shallow"] as const;

const object = "(?:[0-9a-f]{40}|[0-9a-f]{64})";
const objectLines = new RegExp(`^(?:${object}\\n)*${object}?\\n?$`);
const fetchLine = new RegExp(`^${object}\\t(?:not-for-merge)?\\t[^\\p{Cc}]*$`, "u");
const packedLine = new RegExp(`^(?:\\^${object}|${object} (refs/.+))$`);

/** Whether a name can be one of git's refs. */
export function isRefName(name: string): boolean {
  return (
    /^refs\/[^\p{Cc}\s~^:?*[\\]+$/u.test(name) &&
    !name.includes("..") &&
    !name.includes("@{") &&
    !name.includes("//") &&
    !/(^|\/)\.|\.(\/|$)|\.lock(\/|$)|\/$/.test(name)
  );
}

/** Whether bytes that an agent left under this name may be given to the git of the host. The index is checked by git. */
export function isStateFile(name: string, bytes: Buffer): boolean {
  const text = bytes.toString("utf8");
  const lines = text.split("\n").filter((line) => line !== "");
  switch (name) {
    case "HEAD":
      return (
        new RegExp(`^${object}\\n?$`).test(text) ||
        (/^ref: [^\n]+\n?$/.test(text) && isRefName(text.slice(5).trimEnd()))
      );
    case "MERGE_MODE":
      return /^(no-ff)?\n?$/.test(text);
    case "MERGE_MSG":
    case "SQUASH_MSG":
    case "COMMIT_EDITMSG":
      return !text.includes("\0");
    case "FETCH_HEAD":
      return lines.every((line) => fetchLine.test(line));
    case "packed-refs":
      return lines.every((line, index) => {
        const match = packedLine.exec(line);
        return (
          (index === 0 && /^# pack-refs with:[a-z -]*$/.test(line)) ||
          (match !== null && (!match[1] || isRefName(match[1])))
        );
      });
    default:
      return objectLines.test(text);
  }
}

/** Files that the agent's side may have removed on purpose; without the others git is broken, so that they stay. */
export const isRemovable = (name: string): boolean => !["HEAD", "index", "packed-refs"].includes(name);

/** Largest size that is mirrored. */
export const maxStateBytes = 256 * 1024 * 1024;

/** Whether a path of an index may be written by a checkout on the host: nothing outside the tree, nothing in a `.git`. */
export function isTreePath(path: string): boolean {
  // Zero-width characters are ignored by HFS+, trailing dots and spaces and short names by NTFS: git refuses them too.
  return path.split("/").every((part) => {
    const plain = part.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, "").toLowerCase();
    return (
      part !== "" && part !== "." && part !== ".." && !/^(\.git|git~1)[ .]*(:.*)?$/.test(plain) && !/[\0]/.test(part)
    );
  });
}

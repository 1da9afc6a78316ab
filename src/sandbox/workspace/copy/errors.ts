import { failures } from "../../../base/failure.ts";

/** Why a copy of a workspace cannot be made, compared or applied. */
export const copyFailure = failures({
  copy_too_large: {
    message: (d: { dir: string; limit: string; bytes: number }) =>
      `Cannot copy workspace ${d.dir}: it is larger than ${d.limit} (${d.bytes} bytes)`,
    hint: () => "use --workspace mount, a smaller folder with --dir, or raise limits.disk in your manifest",
    status: 413,
    exit: 5,
  },
  tree_too_deep: {
    message: (d: { depth: number }) => `Cannot read the workspace: its folders are nested more than ${d.depth} deep`,
    hint: () => "use --workspace mount",
    status: 413,
    exit: 5,
  },
  tree_too_large: {
    message: (d: { entries: number }) => `Cannot read the workspace: it has more than ${d.entries} files and folders`,
    hint: () => "use --workspace mount, or a smaller folder with --dir",
    status: 413,
    exit: 5,
  },
  copy_not_there: {
    message: (d: { slug: string; mode: string }) =>
      d.mode === "copy"
        ? `Cannot compare "${d.slug}": its copy of the workspace was never completed`
        : `Cannot compare "${d.slug}": its workspace is not a copy (${d.mode})`,
    hint: (d) =>
      d.mode === "mount" ? "git diff   (the agent worked in your folder itself)" : `caisson logs ${d.slug}`,
    status: 409,
    exit: 7,
  },
  copy_git_failed: {
    message: (d: { act: string; detail: string }) => `Cannot ${d.act}: git failed: ${d.detail}`,
    hint: () => "caisson doctor",
    status: 500,
    exit: 6,
  },
  apply_busy: {
    message: (d: { dir: string }) => `Cannot apply to ${d.dir}: another caisson apply is at it`,
    hint: () => "wait for it, then try again",
    status: 409,
    exit: 7,
  },
  apply_folder_missing: {
    message: (d: { dir: string }) => `Cannot apply: the folder ${d.dir} is gone, or a link now`,
    hint: (d) => `mkdir ${d.dir}   (everything then counts as deleted there)`,
    status: 404,
    exit: 3,
  },
  apply_conflicts: {
    message: (d: { slug: string; conflicts: readonly { path: string; reason: string }[] }) =>
      `Cannot apply "${d.slug}": changed on both sides:\n${d.conflicts.map(({ path, reason }) => `  ${path}   ${reason}`).join("\n")}\nnothing was applied`,
    hint: (d) => `caisson apply ${d.slug} --skip-conflicts   (applies the rest)`,
    status: 409,
    exit: 7,
  },
  copy_changed: {
    message: (d: { path: string }) => `Cannot apply ${d.path}: it changes while it is read`,
    hint: () => "stop the run, or try again",
    status: 409,
    exit: 7,
  },
  changes_unapplied: {
    message: (d: { slug: string; changes: number }) =>
      `Cannot remove sandbox "${d.slug}": ${d.changes} change${d.changes === 1 ? " is" : "s are"} in its copy alone`,
    hint: (d) => `caisson apply ${d.slug}   or: caisson rm --force ${d.slug}`,
    status: 409,
    exit: 7,
  },
});

import { failures } from "../../base/failure.ts";

/** Why a workspace cannot be guarded. */
export const guardErrors = {
  workspace_missing: {
    message: ({ dir }: { dir: string }) => `Cannot use workspace ${dir}: it is not a folder`,
    hint: () => "give the folder with --dir, or use --workspace none",
    status: 404,
    exit: 3,
  },
  workspace_too_wide: {
    message: ({ dir, reason }: { dir: string; reason: string }) => `Cannot use workspace ${dir}: ${reason}`,
    hint: () => "choose a project folder with --dir, or use --workspace none",
    status: 409,
    exit: 5,
  },
  workspace_folds_case: {
    message: ({ dir }: { dir: string }) =>
      `Cannot guard workspace ${dir}: its file system does not tell .git from .GIT, so that a protected name has other spellings`,
    hint: () => "move the project to a case-sensitive file system, or use --workspace none",
    status: 409,
    exit: 5,
  },
  workspace_link: {
    message: ({ path, target }: { path: string; target: string }) =>
      `Cannot guard ${path}: it is a link (to ${target}), and a link cannot be kept from being replaced`,
    hint: ({ path }: { path: string }) => `put the folder or file itself at ${path}, or use --workspace none`,
    status: 409,
    exit: 5,
  },
  repository_unsupported: {
    message: ({ path, reason }: { path: string; reason: string }) => `Cannot guard the repository ${path}: ${reason}`,
    hint: () => "work in a fresh clone of it, or use --workspace none",
    status: 409,
    exit: 5,
  },
  guard_not_in_place: {
    message: ({ path }: { path: string }) => `Cannot start sandbox: the guard of ${path} is not in place inside`,
    hint: () => "nothing else should change the workspace while a sandbox starts in it; run it again",
    status: 500,
    exit: 6,
  },
  workspace_unwritable: {
    message: ({ path, reason }: { path: string; reason: string }) =>
      `Cannot guard workspace: the folder that keeps the agent from making ${path} cannot be made: ${reason}`,
    hint: () => "use --workspace copy, which writes nothing to it",
    status: 409,
    exit: 4,
  },
  git_missing: {
    message: () => "Cannot guard the workspace's repository: git is not on PATH",
    hint: () => "install git, or use --workspace none",
    status: 503,
    exit: 4,
  },
  workspace_busy: {
    message: ({ dir }: { dir: string }) => `Cannot guard workspace ${dir}: another launch in it does not get on`,
    hint: () => "caisson ls",
    status: 409,
    exit: 7,
  },
} as const;

/** Makes a failure of the workspace guard. */
export const guardFailure = failures(guardErrors);

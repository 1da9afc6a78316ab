import { expect, it } from "vitest";
import { stateFailure } from "./state-failure.ts";

const systemError = (facts: Partial<NodeJS.ErrnoException>) => Object.assign(new Error("refused"), facts);

it.each([
  { code: "ENOSPC", syscall: "write" },
  { code: "EACCES", syscall: "mkdir", path: "/home/me/state/caisson/open" },
  { code: "ENOTDIR", syscall: "mkdir", path: "/home/me" },
])("stateFailure() takes $code of $syscall for the state folder's", (facts) => {
  expect(stateFailure("/home/me/state/caisson", systemError(facts))).toMatchObject({ code: "state_unusable" });
});

it.each([
  { code: "EACCES", syscall: "connect" },
  { code: "EPERM", syscall: "kill" },
  { code: "EACCES", syscall: "spawn", path: "/usr/bin/bwrap" },
  { code: "EPIPE", syscall: "write" },
])("stateFailure() leaves $code of $syscall as it came", (facts) => {
  const error = systemError(facts);
  expect(stateFailure("/home/me/state/caisson", error)).toBe(error);
});

import { describe, expect, it } from "vitest";
import { findScope, renderScopeRequest, scopePlaces, wantsUserScope } from "./user-scope.ts";

const unified = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";
const session = {
  isRoot: false,
  init: "systemd\n",
  mountInfo: unified,
  ownGroups: "0::/user.slice/user-1000.slice/session-3.scope",
  isWritable: (_dir: string): boolean => false,
};

describe("wantsUserScope()", () => {
  it("is true of an ordinary user's login session", () => {
    expect(wantsUserScope(session)).toBe(true);
  });

  it.each([
    ["root", { isRoot: true }],
    ["a container, whose process ids a manager outside would take for others", { init: "tini\n" }],
    ["a first process that is not shown", { init: undefined }],
    ["a hybrid tree", { mountInfo: `${unified}\n35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory` }],
    ["no cgroups", { mountInfo: "" }],
    ["a group above that is ours already", { isWritable: (dir: string) => dir.endsWith("/user-1000.slice") }],
  ])("is false of %s", (_, difference) => {
    expect(wantsUserScope({ ...session, ...difference })).toBe(false);
  });
});

it("renderScopeRequest() asks for a delegated scope of one process", () => {
  expect(renderScopeRequest("/run/user/1000/bus", "caisson-7.scope", 7).join(" ")).toBe(
    "--address=unix:path=/run/user/1000/bus --timeout=2 call org.freedesktop.systemd1 /org/freedesktop/systemd1 " +
      "org.freedesktop.systemd1.Manager StartTransientUnit ssa(sv)a(sa(sv)) caisson-7.scope fail 4 " +
      "Description s Keeper of a Caisson sandbox PIDs au 1 7 Delegate b true CollectMode s inactive-or-failed 0",
  );
});

it("findScope() finds it once we are in it, and only in the very one", () => {
  const own = "0::/user.slice/user@1000.service/app.slice/caisson-7.scope\n";
  const dir = "/sys/fs/cgroup/user.slice/user@1000.service/app.slice/caisson-7.scope";
  expect(findScope(unified, own, "caisson-7.scope")).toBe(dir);
  expect(findScope(unified, own, "caisson-8.scope")).toBeUndefined();
  expect(findScope(unified, session.ownGroups, "caisson-7.scope")).toBeUndefined();
});

it("scopePlaces() never leads above the scope", () => {
  expect(scopePlaces("/s").map(({ controller, parents }) => [controller, parents])).toEqual([
    ["memory", ["/s"]],
    ["pids", ["/s"]],
    ["cpu", ["/s"]],
  ]);
});

import { describe, expect, it } from "vitest";
import { findControllerPlaces } from "./cgroup-layout.ts";

const v1Mounts = `
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw`;

describe("findControllerPlaces()", () => {
  it("finds each controller's own tree in version 1, below our own group", () => {
    const own = "8:pids:/\n4:memory:/a/b\n1:cpu,cpuacct:/c\n0::/";
    expect(findControllerPlaces(v1Mounts, own)).toEqual([
      { version: "v1", controller: "memory", parents: ["/sys/fs/cgroup/memory/a/b"] },
      { version: "v1", controller: "pids", parents: ["/sys/fs/cgroup/pids"] },
      { version: "v1", controller: "cpu", parents: ["/sys/fs/cgroup/cpu,cpuacct/c"] },
    ]);
  });

  it("takes a container's view into account, where only a part of a tree is mounted", () => {
    const mounts = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";
    expect(findControllerPlaces(mounts, "4:memory:/docker/abc/x")[0]?.parents).toEqual(["/sys/fs/cgroup/memory/x"]);
    expect(findControllerPlaces(mounts, "4:memory:/elsewhere")).toEqual([]);
  });

  it("offers the root and the groups above our own in version 2, not our own: it holds processes", () => {
    const mounts = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";
    const parents = ["/sys/fs/cgroup", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup/user.slice/user-1000.slice"];
    expect(findControllerPlaces(mounts, "0::/user.slice/user-1000.slice/session-3.scope")).toEqual([
      { version: "v2", controller: "memory", parents },
      { version: "v2", controller: "pids", parents },
      { version: "v2", controller: "cpu", parents },
    ]);
  });

  it("finds nothing where there is nothing", () => {
    expect(findControllerPlaces("", "")).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import type { CgroupFiles } from "./cgroup-files.ts";
import { findControllerPlaces } from "./cgroup-layout.ts";
import { makeGroup } from "./make-group.ts";

const limits = { memoryBytes: 1000, processes: 10, cpus: 1.5 };

/** A tree in memory that has the given setting files and takes groups in the given folders. */
function tree(options: { readonly settings: RegExp; readonly writable: RegExp; readonly joinable?: boolean }) {
  const groups = new Set<string>();
  const written = new Map<string, string>();
  const files: CgroupFiles = {
    make: (dir) => options.writable.test(dir) && !groups.has(dir) && Boolean(groups.add(dir)),
    remove: (dir) => groups.delete(dir) || true,
    canJoin: () => options.joinable ?? true,
    read: (path) => written.get(path),
    write: (path, value) => options.settings.test(path) && Boolean(written.set(path, value)),
  };
  return { files, groups, written };
}

const v2 = findControllerPlaces("1 1 0:1 / /c rw - cgroup2 cgroup2 rw", "0::/a/b/c");

describe("makeGroup()", () => {
  it("limits all controllers in one folder of version 2", () => {
    const { files, written, groups } = tree({ settings: /./, writable: /^\/c\/a\/mine$/ });
    const group = makeGroup(files, v2, "mine", limits);
    expect(group.dirs).toEqual(["/c/a/mine"]);
    expect([...groups]).toEqual(["/c/a/mine"]);
    expect(written.get("/c/a/mine/memory.max")).toBe("1000");
    expect(written.get("/c/a/mine/memory.swap.max")).toBe("0");
    expect(written.get("/c/a/mine/pids.max")).toBe("10");
    expect(written.get("/c/a/mine/cpu.max")).toBe("150000 100000");
  });

  it("goes on to the next folder, and leaves none behind, where memory cannot be limited", () => {
    const { files, groups } = tree({ settings: /^\/c\/a\/b\//, writable: /mine$/ });
    expect(makeGroup(files, v2, "mine", limits).dirs).toEqual(["/c/a/b/mine"]);
    expect([...groups]).toEqual(["/c/a/b/mine"]);
  });

  it("makes nothing where we may not move there", () => {
    const { files, groups } = tree({ settings: /./, writable: /mine$/, joinable: false });
    expect(makeGroup(files, v2, "mine", limits)).toEqual({ dirs: [], controllers: new Map() });
    expect([...groups]).toEqual([]);
  });

  it("makes a folder in each tree of version 1 that we may write", () => {
    const mounts = ["memory", "pids", "cpu"].map((name) => `1 1 0:1 / /c/${name} rw - cgroup cgroup rw,${name}`);
    const places = findControllerPlaces(mounts.join("\n"), "1:memory:/\n2:pids:/\n3:cpu:/");
    const { files, written } = tree({ settings: /./, writable: /memory|cpu/ });
    const group = makeGroup(files, places, "mine", limits);
    expect(group.dirs).toEqual(["/c/memory/mine", "/c/cpu/mine"]);
    expect([...group.controllers.keys()]).toEqual(["memory", "cpu"]);
    expect(written.get("/c/memory/mine/memory.limit_in_bytes")).toBe("1000");
    expect(written.get("/c/cpu/mine/cpu.cfs_quota_us")).toBe("150000");
  });
});

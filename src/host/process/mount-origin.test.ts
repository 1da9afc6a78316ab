import { describe, expect, it } from "vitest";
import { findMountOrigin, hasMounted } from "./mount-origin.ts";

const outside = `22 1 254:0 / / rw - ext4 /dev/vda rw
40 22 254:1 /vol /home/me rw - ext4 /dev/vdb rw
41 22 254:2 / /with\\040space rw - ext4 /dev/vdc rw`;

describe("findMountOrigin()", () => {
  it("finds the device and the path on it", () => {
    expect(findMountOrigin(outside, "/var/x")).toEqual({ device: "254:0", path: "/var/x" });
    expect(findMountOrigin(outside, "/home/me/x")).toEqual({ device: "254:1", path: "/vol/x" });
    expect(findMountOrigin(outside, "/home/mean")).toEqual({ device: "254:0", path: "/home/mean" });
    expect(findMountOrigin(outside, "/with space/x")).toEqual({ device: "254:2", path: "/x" });
  });
});

describe("hasMounted()", () => {
  const origin = { device: "254:1", path: "/vol/x" };
  it("knows a namespace in which exactly this folder is mounted", () => {
    expect(hasMounted("90 89 254:1 /vol/x /home/agent rw - ext4 /dev/vdb rw", origin)).toBe(true);
    expect(hasMounted("90 89 254:1 /vol/xy /home/agent rw - ext4 /dev/vdb rw", origin)).toBe(false);
    expect(hasMounted("90 89 254:0 /vol/x /home/agent rw - ext4 /dev/vda rw", origin)).toBe(false);
    expect(hasMounted(outside, origin)).toBe(false);
  });
});

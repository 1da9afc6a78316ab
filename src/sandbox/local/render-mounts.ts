import type { ViewMount } from "./view.ts";

/** The mounts as arguments of bubblewrap, in the same order. Pure. */
export function renderMounts(mounts: readonly ViewMount[]): readonly string[] {
  return mounts.flatMap((mount) => {
    switch (mount.kind) {
      case "tmpfs":
        return [...(mount.bytes === undefined ? [] : ["--size", String(mount.bytes)]), "--tmpfs", mount.target];
      case "dir":
      case "remount-ro":
      case "proc":
      case "dev":
        return [`--${mount.kind}`, mount.target];
      default:
        return [`--${mount.kind}`, mount.source, mount.target];
    }
  });
}

import type { ViewMount } from "./view.ts";

/** A read-only mount of what is mounted at `from` already, both inside. */
export interface MountCopy {
  readonly from: string;
  readonly to: string;
}

/**
 * Parts the mounts of a sandbox into those that bubblewrap makes, and those that show the same as one of them and can be copied
 * from it when all are made: bubblewrap reads the whole list of mounts after each, and a workspace's guard has thirty of one
 * empty folder. Both together show what the mounts in their order would. Pure.
 */
export function splitCopies(mounts: readonly ViewMount[]): {
  readonly mounts: readonly ViewMount[];
  readonly copies: readonly MountCopy[];
} {
  const originals = new Map<string, string>();
  const copies: MountCopy[] = [];
  const made = mounts.filter((mount, index) => {
    if (mount.kind !== "ro-bind") return true;
    const later = mounts.slice(index + 1).filter(({ kind }) => kind !== "remount-ro");
    const from = originals.get(mount.source);
    const { target } = mount;
    // One that is made late must hide nothing that lay over it, and must not come to lie over what hid it.
    const isApart = later.every((other) => !isWithin(other.target, target) && !isWithin(target, other.target));
    if (!isApart) return true;
    if (from === undefined) {
      originals.set(mount.source, target);
      return true;
    }
    copies.push({ from, to: target });
    return false;
  });
  return { mounts: made, copies };
}

const isWithin = (path: string, folder: string) => `${path}/`.startsWith(`${folder}/`);

import { lchownSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { FileOwner } from "./write-plan-files.ts";

/** Gives a file, or a folder and all in it, to somebody; links are given, not followed. For the time before the agent's first command. */
export function giveTree(path: string, owner: FileOwner): void {
  lchownSync(path, owner.uid, owner.gid);
  if (!lstatSync(path).isDirectory()) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) giveTree(inside, owner);
    else lchownSync(inside, owner.uid, owner.gid);
  }
}

import { createHash } from "node:crypto";
import { join } from "node:path";
import type { GuardHost } from "../guard-host.ts";
import type { GuardedGitDir } from "../guard-plan.ts";
import { commonFiles, maxStateBytes, workTreeFiles } from "./state-files.ts";

/** For each file what both sides said when they last said the same: a digest of the bytes, or of what an index means. */
export type MirrorBase = Record<string, string>;

/** Names that are mirrored between a git directory and its private copy. */
export function mirroredNames(unit: GuardedGitDir): readonly string[] {
  switch (unit.role) {
    case "repository":
      return [...workTreeFiles, ...commonFiles];
    case "common":
      return ["HEAD", "index", ...commonFiles];
    case "worktree":
      return workTreeFiles;
    case "initial":
      return [];
  }
}

/** Whether the host's version always stands: the main working tree's place, seen from a linked one. */
export const isPullOnly = (unit: GuardedGitDir, name: string): boolean =>
  unit.role === "common" && (name === "HEAD" || name === "index");

/** The digest of a file's bytes; a file that is not there has one too. */
export const digestBytes = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? "absent" : createHash("sha256").update(bytes).digest("hex");

const basePath = (unit: GuardedGitDir) => join(unit.privateDir, "..", "base.json");

/** The base as saved, or undefined when seeding never ended: then no agent ever saw the copy. */
export function loadBase(host: GuardHost, unit: GuardedGitDir): MirrorBase | undefined {
  const text = host.readOwn(basePath(unit));
  return text && (JSON.parse(text.toString()) as MirrorBase);
}

/** Saves the base whole. Without one given: that of a copy that was just made. */
export function saveBase(host: GuardHost, unit: GuardedGitDir, base?: MirrorBase): void {
  const value =
    base ??
    Object.fromEntries(
      mirroredNames(unit).map((name) => {
        const file = host.readUntrusted(unit.privateDir, [name], maxStateBytes);
        return [name, digestBytes(file.is === "file" ? file.bytes : undefined)];
      }),
    );
  host.writeFile(`${basePath(unit)}.new`, JSON.stringify(value), { mode: 0o600 });
  host.move(`${basePath(unit)}.new`, basePath(unit));
}

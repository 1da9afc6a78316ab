import { join } from "node:path";
import { markIndex } from "../git/mask-index.ts";
import { readIndex } from "../git/read-index.ts";
import { maxStateBytes } from "../git/state-files.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardNote } from "../guard-plan.ts";
import { excludeLine } from "../plan-guard.ts";
import type { copyPaths } from "./copy-paths.ts";

/** Makes git in a copy look away from what is masked; says which of it the repository's history holds. */
export async function maskCopiedIndex(
  host: GuardHost,
  { tree, scratch }: Pick<ReturnType<typeof copyPaths>, "tree" | "scratch">,
  masked: readonly string[],
): Promise<readonly GuardNote[]> {
  const gitDir = join(tree, ".git");
  if (masked.length === 0 || host.look(gitDir)?.kind !== "folder") return [];
  const info = host.holdFolder(gitDir, ["info"]);
  if (info) {
    const old = host.readUntrusted(info.path, ["exclude"], 1024 ** 2);
    const text = old.is === "file" ? old.bytes.toString() : "";
    if (old.is !== "refused")
      host.writeFile(join(info.path, "exclude"), [text, ...masked.map(excludeLine), ""].join("\n"), { mode: 0o644 });
    info[Symbol.dispose]();
  }
  const file = host.readUntrusted(gitDir, ["index"], maxStateBytes);
  if (file.is !== "file") return [];
  const index = { bytes: file.bytes, objectFormat: "sha1" as const };
  const place = join(scratch, "marks");
  const reading = await readIndex(host, place, { ...index, masked });
  if ("refusal" in reading || reading.masked.length === 0) return [];
  const bytes = await markIndex(host, place, index, { hide: reading.masked });
  if (bytes) host.writeFile(join(gitDir, "index"), bytes, { mode: 0o644, mtimeMs: file.mtimeMs });
  return reading.masked.map((path) => ({
    path,
    action: "noticed" as const,
    detail: `masked, but it is in the repository: its history still shows it to the agent (git show HEAD:${path})`,
  }));
}

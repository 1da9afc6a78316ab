import { join } from "node:path";
import { digestValues, splitKey } from "../git/config-entry.ts";
import type { HeldGitDir } from "../git/hold-git-dir.ts";
import { listConfig } from "../git/list-config.ts";
import { type ConfigChange, mergeConfig } from "../git/merge-config.ts";
import { replaceFile } from "../git/replace-file.ts";
import type { GuardHost } from "../guard-host.ts";
import type { Notebook } from "./notebook.ts";

const maxConfigBytes = 1024 * 1024;

/** Carries over what an agent may leave in a repository's configuration, in one rename; false when a git holds it locked. */
export async function settleConfig(
  host: GuardHost,
  unit: HeldGitDir,
  tag: string,
  notebook: Notebook,
): Promise<boolean> {
  const path = join(unit.path, "config");
  const note = (action: "kept" | "dropped", detail: string) => notebook.add({ path, action, detail });
  const inside = host.readUntrusted(unit.privateDir, ["config"], maxConfigBytes);
  const outside = host.readUntrusted(unit.at, ["config"], maxConfigBytes);
  if (inside.is === "absent" || outside.is !== "file") return true;
  const wanted = inside.is === "file" ? await listConfig(host, inside.bytes) : undefined;
  const current = await listConfig(host, outside.bytes);
  if (wanted === undefined || current === undefined) {
    note("dropped", "git cannot read what the agent left: nothing of it is carried over");
    return true;
  }
  const hostChanged = (key: string, values: readonly (string | undefined)[]) =>
    digestValues(values) !== (unit.launchConfig[digestValues([key])] ?? digestValues([]));
  const changes = mergeConfig(unit.seedConfig, wanted, current, hostChanged);
  for (const change of changes) if ("dropped" in change) note("dropped", `${tell(change)}: ${change.dropped}`);
  const applied = changes.filter((change) => !("dropped" in change));
  if (applied.length === 0) return true;

  const scratch = join(unit.privateDir, "..", "config.merged");
  host.writeFile(scratch, outside.bytes, { mode: 0o600 });
  for (const change of applied)
    if (!(await applyChange(host, scratch, change))) {
      // Half of a change is none: the file stays as it is, and so does what the agent left, for the person to look at.
      note("dropped", `git could not write ${tell(change)}: nothing of the configuration is carried over`);
      return true;
    }
  for (const change of applied) note("kept", tell(change));
  const merged = host.readOwn(scratch) ?? outside.bytes;
  const isStill = () => {
    const now = host.readUntrusted(unit.at, ["config"], maxConfigBytes);
    return now.is === "file" && now.bytes.equals(outside.bytes);
  };
  const file = { folder: unit.at, name: "config", scratch: unit.at, tag };
  return replaceFile(host, file, { bytes: merged }, isStill) === "replaced";
}

/** A change in words. What an agent wrote may hold anything: no password and no control character goes on. */
function tell({ key, values }: ConfigChange): string {
  const text = `${key} = ${values.map((value) => value ?? "true").join(", ") || "(removed)"}`;
  return text
    .replace(/\/\/[^/@\s]*@/g, "//...@")
    .replace(/\p{Cc}/gu, "?")
    .slice(0, 300);
}

/** Writes one change; false when git would not. */
async function applyChange(host: GuardHost, file: string, change: ConfigChange): Promise<boolean> {
  const config = async (...args: readonly string[]) =>
    (await host.git(["config", "--file", file, "--no-includes", ...args])).code === 0;
  if ("was" in change && change.was.length > 0 && !(await config("--unset-all", change.key))) return false;
  for (const value of change.values) if (!(await config("--add", change.key, value ?? "true"))) return false;
  if (change.values.length > 0) return true;
  // Git leaves the heading of what it emptied.
  const { section, subsection } = splitKey(change.key);
  const heading = subsection === undefined ? section : `${section}.${subsection}`;
  const left = await listConfig(host, host.readOwn(file) ?? Buffer.alloc(0));
  if (left?.every(({ key }) => !key.startsWith(`${heading}.`))) return config("--remove-section", heading);
  return true;
}

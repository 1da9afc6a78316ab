import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeJson } from "../../run/write-json.ts";

/** What a person trusted of one workspace. */
export interface TrustRecord {
  readonly version: 1;
  /** Real path of the workspace. */
  readonly dir: string;
  readonly digest: string;
  /** What they were shown, line by line. */
  readonly lines: readonly string[];
  readonly trustedAt: string;
}

const folderOf = (stateRoot: string): string => join(stateRoot, "trust");
const fileOf = (stateRoot: string, dir: string): string =>
  join(folderOf(stateRoot), `${createHash("sha256").update(dir).digest("hex").slice(0, 32)}.json`);

/** What was trusted of a workspace; undefined where nothing was, or what was written of it cannot be read: trust is never guessed. */
export function readTrustRecord(stateRoot: string, dir: string): TrustRecord | undefined {
  const record = readRecord(fileOf(stateRoot, dir));
  return record?.dir === dir ? record : undefined;
}

/** All workspaces that were trusted, by their path. */
export function listTrustRecords(stateRoot: string): readonly TrustRecord[] {
  let names: string[] = [];
  try {
    names = readdirSync(folderOf(stateRoot)).filter((name) => name.endsWith(".json"));
  } catch {
    return []; // Nothing was ever trusted.
  }
  const records = names.map((name) => readRecord(join(folderOf(stateRoot), name)));
  return records.filter((record) => record !== undefined).sort((a, b) => (a.dir < b.dir ? -1 : 1));
}

/** Writes it (0600) in one act: cut off at any moment, the old one counts. */
export function writeTrustRecord(stateRoot: string, record: TrustRecord): void {
  mkdirSync(folderOf(stateRoot), { recursive: true, mode: 0o700 });
  writeJson(fileOf(stateRoot, record.dir), record);
}

/** Forgets it; whether there was one. */
export function removeTrustRecord(stateRoot: string, dir: string): boolean {
  const had = readTrustRecord(stateRoot, dir) !== undefined;
  rmSync(fileOf(stateRoot, dir), { force: true });
  return had;
}

function readRecord(file: string): TrustRecord | undefined {
  try {
    const { version, dir, digest, lines, trustedAt } = JSON.parse(readFileSync(file, "utf8")) as Partial<TrustRecord>;
    const isWhole =
      version === 1 && typeof dir === "string" && /^[0-9a-f]{64}$/.test(digest ?? "") && Array.isArray(lines);
    return isWhole ? { version, dir, digest: digest ?? "", lines, trustedAt: String(trustedAt) } : undefined;
  } catch {
    return undefined;
  }
}

import { join } from "node:path";
import type { MaskedFile } from "../../../spec/state-files.ts";
import type { GuardHost } from "../guard-host.ts";
import type { Detection } from "./detect-secrets.ts";
import { matchGlobs } from "./match-globs.ts";
import { hasHint } from "./secret-hints.ts";
import { judgeName } from "./secret-names.ts";
import { type FoundFile, walkFiles } from "./walk-files.ts";

/** Bounds of the search: a launch must not wait for a huge tree. What lies beyond is told. */
const bounds = {
  fileBytes: 512 * 1024,
  allBytes: 24 * 1024 ** 2,
  readMs: 1500,
  detectMs: 3000,
  hinted: 400,
} as const;
/** So many files are read without letting others have their turn. */
const breatheEvery = 64;

/** What the person says of the secrets in a workspace, as patterns. */
export interface SecretWishes {
  readonly show: readonly string[];
  readonly hide: readonly string[];
  /** Those of `show` that were asked for just now: told when there is nothing to show. */
  readonly named: readonly string[];
}

/** The secrets of a workspace. Paths are relative to it. */
export interface FoundSecrets {
  readonly masked: readonly MaskedFile[];
  /** Found, and shown to the agent because the person said so. */
  readonly shown: readonly string[];
  /** What the person should know of the search. */
  readonly notes: readonly string[];
}

/** What the search needs of the outside. */
export interface SecretsHost {
  readonly files: Pick<GuardHost, "list" | "look" | "realPath" | "readUntrusted" | "now" | "pause">;
  detect(texts: ReadonlyMap<string, string>, options: { readonly milliseconds: number }): Promise<Detection>;
}

/** Looks for secrets in a workspace, by names and by contents, within bounds. Follows no link out of it, changes nothing. */
export async function findSecrets(host: SecretsHost, dir: string, wishes: SecretWishes): Promise<FoundSecrets> {
  const { files } = host;
  const walked = walkFiles(files, dir);
  const notes = walked.sawAll ? [] : [`too large to be searched as a whole: secrets deep in it are not masked`];
  const [isShown, isHidden] = [matchGlobs(wishes.show), matchGlobs(wishes.hide)];
  const found = new Map<string, string>();
  const hinted = new Map<string, string>();
  const until = files.now() + bounds.readMs;
  let [bytes, looked, unread, unjudged] = [0, 0, 0, 0];
  for (const file of walked.files) {
    looked += 1;
    if (looked % breatheEvery === 0) await files.pause(0);
    const path = file.leadsTo ?? file.path;
    if (found.has(path)) continue;
    if (isHidden(file.path)) {
      found.set(path, "your manifest");
      continue;
    }
    const verdict = judgeName(file.path);
    if (verdict && verdict.content === undefined) {
      if ((files.look(join(dir, path))?.size ?? 0) > 0) found.set(path, verdict.why);
      continue;
    }
    if (file.leadsTo !== undefined && verdict === undefined) continue; // Read under its own name.
    const mayRead = verdict !== undefined || (bytes < bounds.allBytes && files.now() < until);
    if (!mayRead) unread += 1;
    const text = mayRead ? readText(files, dir, path) : undefined;
    // What is called a secret is one, unless its content says otherwise.
    if (text === undefined && verdict && (files.look(join(dir, path))?.size ?? 0) > bounds.fileBytes)
      found.set(path, verdict.why);
    if (text === undefined) continue;
    bytes += text.length;
    if (verdict?.content?.test(text)) found.set(path, verdict.why);
    else if (!text.slice(0, 8000).includes("\0") && hasHint(text)) {
      if (hinted.size < bounds.hinted) hinted.set(path, text);
      else unjudged += 1;
    }
  }
  const detection = await host.detect(hinted, { milliseconds: bounds.detectMs });
  for (const [path, kind] of detection.found) found.set(path, kind);
  if (unread > 0) notes.push(`${unread} files were judged by their names alone: there was no time to read them`);
  if (unjudged > 0)
    notes.push(`${unjudged} files more than are looked at closely could hold secrets: they are not masked`);
  if (detection.left.length > 0)
    notes.push(`could not be judged in time, so that they are not masked: ${detection.left.slice(0, 5).join(", ")}`);
  for (const [path, why] of otherNames(host, dir, walked.files, found)) found.set(path, why);
  const all = [...found].map(([path, why]) => ({ path, why })).sort((a, b) => (a.path < b.path ? -1 : 1));
  const masked = all.filter(({ path }) => !isShown(path));
  for (const glob of wishes.named)
    if (!all.some(({ path }) => matchGlobs([glob])(path)))
      notes.push(`nothing is masked that --show ${glob} could show`);
  return { masked, shown: all.filter(({ path }) => isShown(path)).map(({ path }) => path), notes };
}

function readText(files: SecretsHost["files"], dir: string, path: string): string | undefined {
  const read = files.readUntrusted(dir, path.split("/"), bounds.fileBytes);
  return read.is === "file" ? read.bytes.toString("latin1") : undefined;
}

/** Hard links of what was found: the same content under another name. */
function otherNames(
  { files }: SecretsHost,
  dir: string,
  all: readonly FoundFile[],
  found: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const inodes = new Map<string, string>();
  for (const path of found.keys()) {
    const look = files.look(join(dir, path));
    if (look !== undefined && look.links > 1) inodes.set(`${look.dev} ${look.ino}`, path);
  }
  const others = new Map<string, string>();
  if (inodes.size === 0) return others;
  for (const { path, leadsTo } of all) {
    const look = leadsTo === undefined ? files.look(join(dir, path)) : undefined;
    const same = look && inodes.get(`${look.dev} ${look.ino}`);
    if (same !== undefined && !found.has(path)) others.set(path, `the same file as ${same}`);
  }
  return others;
}

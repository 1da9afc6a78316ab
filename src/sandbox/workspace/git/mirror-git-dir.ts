import { join } from "node:path";
import type { GuardHost, UntrustedFile } from "../guard-host.ts";
import type { GuardNote } from "../guard-plan.ts";
import type { HeldGitDir } from "./hold-git-dir.ts";
import { markIndex } from "./mask-index.ts";
import { digestBytes, isPullOnly, loadBase, type MirrorBase, saveBase } from "./mirror-base.ts";
import { type IndexReading, readIndex } from "./read-index.ts";
import { replaceFile } from "./replace-file.ts";
import { isRemovable, isStateFile, maxStateBytes } from "./state-files.ts";

/** How to mirror. `readings` remembers what indexes say, from one round to the next. */
export interface MirrorOptions {
  readonly tag: string;
  readonly agent: "runs" | "is dead";
  readonly readings: Map<string, IndexReading>;
}

/** What a round of mirroring came to. `pending`: names that a git held locked, or that changed meanwhile. */
export interface MirrorRound {
  readonly pending: readonly string[];
  readonly notes: readonly GuardNote[];
}

/**
 * Brings these files of a git directory and of its private copy to the same content, by what each was when they last
 * were the same. Where both changed: while the agent runs its version stands, for it is in the middle of something; once
 * it is dead the person's does. The other one is kept beside the copy. What an agent left passes only if git of the host
 * can be given it.
 */
export async function mirrorGitDir(
  host: GuardHost,
  unit: HeldGitDir,
  names: readonly string[],
  options: MirrorOptions,
): Promise<MirrorRound> {
  const base = loadBase(host, unit);
  if (base === undefined) return { pending: [], notes: [] };
  const pending: string[] = [];
  const notes: GuardNote[] = [];
  const updated: MirrorBase = { ...base };
  for (const name of names) {
    const note = (action: GuardNote["action"], detail: string) =>
      notes.push({ path: join(unit.path, name), action, detail });
    const outcome = await mirrorFile(host, unit, { ...options, name, base: base[name] ?? "absent", note });
    if (outcome === "pending") pending.push(name);
    else updated[name] = outcome;
  }
  if (names.some((name) => updated[name] !== base[name])) saveBase(host, unit, updated);
  return { pending, notes };
}

interface MirroredFile extends MirrorOptions {
  readonly name: string;
  readonly base: string;
  readonly note: (action: GuardNote["action"], detail: string) => void;
}

/** One side's version: its bytes, what they mean, and whether an agent may hand them over. */
interface Version {
  readonly file: UntrustedFile;
  readonly digest: string;
  readonly meaning: string;
  readonly refusal?: string;
  readonly hides?: readonly string[];
  readonly masked?: readonly string[];
}

/** What both sides say now, "pending", or the base where nothing may be done. */
async function mirrorFile(host: GuardHost, unit: HeldGitDir, file: MirroredFile): Promise<string> {
  const read = (folder: string) => host.readUntrusted(folder, [file.name], maxStateBytes);
  const [outside, inside] = [read(unit.at), read(unit.privateDir)];
  if (outside.is === "refused") return file.base;
  if (inside.is === "refused") {
    file.note("dropped", `what the agent left is not carried over: ${inside.reason}`);
    return file.base;
  }
  if (digestOf(outside) === digestOf(inside)) return digestOf(inside);
  const [theirs, ours] = [await readVersion(host, unit, file, outside), await readVersion(host, unit, file, inside)];
  if (theirs.meaning === ours.meaning) return ours.meaning;
  const isBase = ({ digest, meaning }: Version) => digest === file.base || meaning === file.base;
  const replace = async (folder: string, scratch: string, from: Version, over: Version) => {
    const isStill = () => digestOf(read(folder)) === over.digest;
    const bytes = await bytesFor(host, unit, from, { isInside: folder === unit.privateDir, theirs });
    if (bytes === "unmarked") return file.base;
    const version = bytes && from.file.is === "file" ? { bytes, mtimeMs: from.file.mtimeMs } : undefined;
    const done = replaceFile(host, { folder, name: file.name, scratch, tag: file.tag }, version, isStill);
    return done === "replaced" ? from.meaning : "pending";
  };
  if (isBase(ours) || isPullOnly(unit, file.name))
    // Once the agent is dead nobody looks at the copy again.
    return file.agent === "is dead" ? file.base : replace(unit.privateDir, join(unit.privateDir, ".."), theirs, ours);
  if (ours.file.is === "absent" && !isRemovable(file.name)) return file.base;
  if (ours.refusal !== undefined) {
    file.note("dropped", `what the agent left is not carried over: ${ours.refusal}`);
    return file.base;
  }
  const hidden = ours.hides?.find((path) => !theirs.hides?.includes(path) && !unit.masked?.includes(path));
  if (hidden !== undefined) {
    file.note(
      "dropped",
      `what the agent left is not carried over: it hides changes of ${JSON.stringify(hidden)} from git`,
    );
    return file.base;
  }
  if (!isBase(theirs) && !keepOther(host, unit, file, { theirs, ours })) return file.base;
  return replace(unit.at, unit.at, ours, theirs);
}

async function readVersion(
  host: GuardHost,
  unit: HeldGitDir,
  { name, readings }: MirroredFile,
  file: UntrustedFile,
): Promise<Version> {
  const digest = digestOf(file);
  if (file.is !== "file") return { file, digest, meaning: digest };
  if (name !== "index")
    return {
      file,
      digest,
      meaning: digest,
      ...(!isStateFile(name, file.bytes) && { refusal: "git would not have written it so" }),
    };
  const scratch = join(unit.privateDir, "..", "check");
  const reading =
    readings.get(digest) ??
    (await readIndex(host, scratch, {
      bytes: file.bytes,
      objectFormat: unit.objectFormat,
      masked: unit.masked,
    }));
  readings.set(digest, reading);
  return { file, digest, meaning: digest, ...reading };
}

/** A version as the other side gets it: what is masked is marked inside, and as the person has it outside. */
async function bytesFor(
  host: GuardHost,
  unit: HeldGitDir,
  { file, masked = [] }: Version,
  to: { readonly isInside: boolean; readonly theirs: Version },
): Promise<Buffer | undefined | "unmarked"> {
  if (file.is !== "file") return undefined;
  if (masked.length === 0) return file.bytes;
  const isHidden = (path: string) => to.isInside || to.theirs.hides?.includes(path) === true;
  const marks = { hide: masked.filter(isHidden), show: masked.filter((path) => !isHidden(path)) };
  const index = { bytes: file.bytes, objectFormat: unit.objectFormat };
  return (await markIndex(host, join(unit.privateDir, "..", "check"), index, marks)) ?? "unmarked";
}

/** Both sides changed: keeps the version that does not stand; whether it is the agent's that does. */
function keepOther(
  host: GuardHost,
  unit: HeldGitDir,
  file: MirroredFile,
  { theirs, ours }: { theirs: Version; ours: Version },
): boolean {
  const agentStands = file.agent === "runs";
  const other = agentStands ? theirs : ours;
  const path = join(unit.privateDir, "..", `${file.name}.${agentStands ? "host" : "inside"}`);
  if (other.file.is === "file") host.writeFile(path, other.file.bytes, { mode: 0o600 });
  const whose = agentStands ? "person's" : "agent's";
  file.note(
    agentStands ? "kept" : "dropped",
    `changed inside and on the host at once: the ${whose} version is at ${path}`,
  );
  return agentStands;
}

const digestOf = (file: UntrustedFile): string => digestBytes(file.is === "file" ? file.bytes : undefined);

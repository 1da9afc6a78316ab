import { readdirSync } from "node:fs";
import { join } from "node:path";
import { awaitLock } from "../../await-lock.ts";
import { credentialFailure } from "../errors.ts";
import { isKeptName, type KeptEntry, type KeptHead } from "./kept-entry.ts";
import { keptFile, keptFolder } from "./kept-folder.ts";
import { readIfThere } from "./read-if-there.ts";
import { openSealed, readSealedHead, sealEntry } from "./seal.ts";
import { dropSeal, readSealedBy, rememberSealingKey, type SealedBy } from "./sealing-key.ts";
import { findSystemKeyring } from "./system-keyring.ts";
import { makePrivateFolder, removePrivate, writePrivate } from "./write-private.ts";

/** What the store needs of its person's world. */
export interface KeptHost {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/** The credentials that Caisson keeps itself, sealed, one file each. Any number of processes may use it at once. */
export interface KeptStore {
  readonly folder: string;
  /** What holds the key; undefined while nothing is kept. */
  sealedBy(): SealedBy | undefined;
  /** Heads in the order of their names; needs no key. One whose file cannot be read has a name alone. */
  list(): readonly (KeptHead | { readonly name: string })[];
  /** Throws `kept_missing`, `kept_locked` and `kept_broken`. */
  read(name: string): Promise<KeptEntry>;
  /** Keeps it in the place of what was there. */
  write(entry: KeptEntry): Promise<void>;
  /** Whether there was one. */
  remove(name: string): Promise<boolean>;
  /** Holds one name for as long as `act` takes, against every other process; within, only `held` may write that name. */
  hold<T>(name: string, act: (held: HeldName) => Promise<T>): Promise<T>;
}

/** What may be done to a name while it is held. */
export interface HeldName {
  read(): Promise<KeptEntry>;
  /** On disk when it resolves, also after a power cut. */
  write(entry: KeptEntry): Promise<void>;
}

/** Longer than the longest that a holder may take: one refresh. */
const lockMs = 90_000;

/** Opens the store of a person. Nothing is read or made before it is asked for. */
export function openKeptStore(host: KeptHost): KeptStore {
  const folder = keptFolder(host);
  const sealing = rememberSealingKey({
    folder,
    passphrase: host.environment.CAISSON_PASSPHRASE,
    keyring: (account) => findSystemKeyring(host.environment, account),
  });
  const locked = async <T>(file: string, act: () => Promise<T>): Promise<T> => {
    makePrivateFolder(folder);
    using lock = await awaitLock(join(folder, file), lockMs);
    if (!lock) throw credentialFailure("kept_locked", { reason: "another caisson has held it for too long" });
    return await act();
  };
  // Lock files stay: one that went while somebody waits for it would be held by two.
  const lockedName = async <T>(name: string, act: () => Promise<T>) => locked(`${checked(name)}.lock`, act);
  const lockedSeal = <T>(act: () => Promise<T>) => locked("seal.lock", act);
  const read = async (name: string): Promise<KeptEntry> => {
    const text = readIfThere(keptFile(folder, checked(name)));
    if (text === undefined) throw credentialFailure("kept_missing", { name });
    const key = await sealing.open();
    const entry = key ? openSealed(text, key) : "other key";
    if (typeof entry !== "string" && entry.head.name === name) return entry;
    throw credentialFailure("kept_broken", {
      name,
      problem: typeof entry === "string" ? problems[entry] : problems.changed,
    });
  };
  // The key is looked at again for each: with the last thing kept it goes, too.
  const write = (entry: KeptEntry) =>
    lockedSeal(async () => writePrivate(keptFile(folder, entry.head.name), sealEntry(entry, await sealing.make())));
  const hold: KeptStore["hold"] = (name, act) => lockedName(name, () => act({ read: () => read(name), write }));
  return {
    folder,
    sealedBy: () => readSealedBy(folder),
    list: () => listNames(folder).map((name) => readSealedHead(readIfThere(keptFile(folder, name)) ?? "") ?? { name }),
    read,
    hold,
    write: (entry) => hold(entry.head.name, (held) => held.write(entry)),
    remove: (name) =>
      lockedName(name, async () => {
        const isThere = listNames(folder).includes(name);
        await lockedSeal(async () => {
          removePrivate(keptFile(folder, name));
          if (listNames(folder).length === 0) dropSeal(folder);
        });
        return isThere;
      }),
  };
}

const problems = {
  unreadable: "its file is cut off or is not ours",
  "other key": "it was sealed with another key: the passphrase is another one, or the key was replaced",
  changed: "its file was changed since",
} as const;

function checked(name: string): string {
  if (isKeptName(name)) return name;
  throw credentialFailure("kept_name", { name });
}

function listNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith(".sealed"))
      .map((file) => file.slice(0, -".sealed".length))
      .filter(isKeptName)
      .sort();
  } catch {
    return []; // Nothing was ever kept.
  }
}

import { randomBytes, scrypt } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { credentialFailure } from "../errors.ts";
import { readIfThere } from "./read-if-there.ts";
import type { SealingKey } from "./seal.ts";
import type { SystemKeyring } from "./system-keyring.ts";
import { makePrivateFolder, writePrivate } from "./write-private.ts";

/** What holds the key: something the person knows, their session's keyring, or a file beside what it seals. */
export type SealedBy = "passphrase" | "keyring" | "file";

/** What finding a key needs. */
export interface SealHost {
  readonly folder: string;
  /** `CAISSON_PASSPHRASE`. */
  readonly passphrase: string | undefined;
  readonly keyring: (account: string) => SystemKeyring | undefined;
}

interface SealFile {
  readonly version: 1;
  readonly by: SealedBy;
  /** Another one for each key ever made. */
  readonly id: string;
  /** Base64, of a passphrase. */
  readonly salt?: string;
  /** Under which name the keyring has it. */
  readonly account?: string;
}

const keyBytes = 32;
const sealName = "seal.json";
const keyName = "key";

/** What seals this folder; undefined when nothing was kept here yet. Throws for a file that cannot be read. */
export function readSealedBy(folder: string): SealedBy | undefined {
  return readSeal(folder)?.by;
}

/** Remembers a folder's key as long as the folder says that it is still that one: a passphrase costs a fifth of a second. */
export function rememberSealingKey(host: SealHost) {
  let known: { readonly id: string; readonly key: SealingKey } | undefined;
  return {
    /** Undefined when nothing was kept yet. */
    async open(): Promise<SealingKey | undefined> {
      const seal = readSeal(host.folder);
      if (!seal) return undefined;
      if (known?.id !== seal.id) known = { id: seal.id, key: await openSealingKey(host, seal) };
      return known.key;
    },
    /** Makes one where there is none. Only under the folder's lock. */
    async make(): Promise<SealingKey> {
      return (await this.open()) ?? (await makeSealingKey(host));
    },
  };
}

async function openSealingKey(host: SealHost, seal: SealFile): Promise<SealingKey> {
  switch (seal.by) {
    case "passphrase":
      return passphraseKey(host, seal.salt ?? "");
    case "keyring":
      return keyringKey(host, seal.account ?? "");
    case "file":
      return readKeyFile(host.folder) ?? locked("its key file is gone");
  }
}

/**
 * Makes the key of a folder: from the passphrase where one is given, else in the session's keyring where that answers, else in a
 * file. Nothing is sealed before the folder says which it is, so that a death in between costs nothing.
 */
async function makeSealingKey(host: SealHost): Promise<SealingKey> {
  makePrivateFolder(host.folder);
  const id = randomBytes(6).toString("hex");
  if (host.passphrase) {
    const salt = randomBytes(16).toString("base64");
    const key = await passphraseKey(host, salt);
    writeSeal(host.folder, { version: 1, id, by: "passphrase", salt });
    return key;
  }
  const account = `sealing-key-${id}`;
  const key = randomBytes(keyBytes);
  if (await tryKeyring(host.keyring(account), key)) {
    writeSeal(host.folder, { version: 1, id, by: "keyring", account });
    return key;
  }
  writePrivate(join(host.folder, keyName), `${key.toString("base64")}\n`);
  writeSeal(host.folder, { version: 1, id, by: "file" });
  return key;
}

/** Forgets how a folder is sealed, once nothing is kept in it any more: the next thing kept chooses anew. */
export function dropSeal(folder: string): void {
  for (const name of [sealName, keyName]) rmSync(join(folder, name), { force: true });
}

async function passphraseKey({ passphrase }: SealHost, salt: string): Promise<SealingKey> {
  if (!passphrase) return locked("it is sealed with a passphrase, and CAISSON_PASSPHRASE is not set here");
  // 64 MiB and a fifth of a second for each guess.
  const cost = { N: 2 ** 16, r: 8, p: 1, maxmem: 2 ** 27 };
  const derive = promisify<string, Buffer, number, typeof cost, Buffer>(scrypt);
  return derive(passphrase.normalize("NFC"), Buffer.from(salt, "base64"), keyBytes, cost);
}

async function keyringKey(host: SealHost, account: string): Promise<SealingKey> {
  const keyring =
    host.keyring(account) ?? locked("its key is in the keyring of your session, and there is no session bus here");
  let text: string | undefined;
  try {
    text = await keyring.read();
  } catch (cause) {
    return locked("its key is in the keyring of your session, which is locked or does not answer", cause);
  }
  return text === undefined ? locked("its key is not in your keyring any more") : Buffer.from(text, "base64");
}

async function tryKeyring(keyring: SystemKeyring | undefined, key: SealingKey): Promise<boolean> {
  if (!keyring) return false;
  try {
    await keyring.write(key.toString("base64"));
    return (await keyring.read()) === key.toString("base64");
  } catch {
    // A bus without a keyring behind it, or one that stays locked: the file is there for that.
    return false;
  }
}

function readKeyFile(folder: string): SealingKey | undefined {
  const text = readIfThere(join(folder, keyName));
  const key = text === undefined ? undefined : Buffer.from(text, "base64");
  return key?.length === keyBytes ? key : undefined;
}

function readSeal(folder: string): SealFile | undefined {
  const text = readIfThere(join(folder, sealName));
  if (text === undefined) return undefined;
  try {
    const seal = JSON.parse(text) as SealFile;
    if (seal.version === 1 && ["passphrase", "keyring", "file"].includes(seal.by)) return seal;
  } catch {
    // Said below.
  }
  return locked(`${join(folder, sealName)} cannot be read`);
}

const writeSeal = (folder: string, seal: SealFile): void =>
  writePrivate(join(folder, sealName), `${JSON.stringify(seal, null, 2)}\n`);

function locked(reason: string, cause?: unknown): never {
  throw credentialFailure("kept_locked", { reason }, { cause });
}

import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import type { KeptEntry, KeptHead, KeptSecret } from "./kept-entry.ts";

/** 32 bytes that seal all that is kept in one folder. */
export type SealingKey = Buffer;

interface SealedFile {
  readonly version: 1;
  readonly head: KeptHead;
  /** Tells which key it was, nothing else. */
  readonly key: string;
  readonly nonce: string;
  readonly sealed: string;
}

/** Why a file could not be opened: it is cut or foreign, it was sealed with another key, or it was changed since. */
export type OpenProblem = "unreadable" | "other key" | "changed";

const tagBytes = 16;

/** The text of an entry's file: its head in the clear, bound to the value that AES-256-GCM seals. */
export function sealEntry({ head, secret }: KeptEntry, key: SealingKey): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(boundText(head));
  const sealed = Buffer.concat([cipher.update(JSON.stringify(secret), "utf8"), cipher.final(), cipher.getAuthTag()]);
  const file: SealedFile = {
    version: 1,
    head,
    key: keyMark(key),
    nonce: nonce.toString("base64"),
    sealed: sealed.toString("base64"),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Opens an entry's file. */
export function openSealed(text: string, key: SealingKey): KeptEntry | OpenProblem {
  const file = parseSealed(text);
  if (!file) return "unreadable";
  if (file.key !== keyMark(key)) return "other key";
  const bytes = Buffer.from(file.sealed, "base64");
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(file.nonce, "base64"), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(boundText(file.head));
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    const plain = Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]);
    return { head: file.head, secret: JSON.parse(plain.toString("utf8")) as KeptSecret };
  } catch {
    return "changed";
  }
}

/** What a file says of itself in the clear; nothing of it is proven without the key. */
export function readSealedHead(text: string): KeptHead | undefined {
  return parseSealed(text)?.head;
}

function parseSealed(text: string): SealedFile | undefined {
  try {
    const file = JSON.parse(text) as Partial<SealedFile>;
    const isWhole = typeof file.nonce === "string" && typeof file.sealed === "string" && typeof file.key === "string";
    return file.version === 1 && isWhole && typeof file.head?.name === "string" ? (file as SealedFile) : undefined;
  } catch {
    return undefined;
  }
}

const boundText = (head: KeptHead): Buffer => Buffer.from(`caisson kept credential 1\n${JSON.stringify(head)}`, "utf8");

const keyMark = (key: SealingKey): string =>
  createHash("sha256").update("caisson sealing key\n").update(key).digest("hex").slice(0, 16);

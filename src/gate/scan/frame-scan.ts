import type { BodyScan } from "./scanner.ts";

/** Takes the WebSocket frames of an agent apart and unmasks their payload for a scan; the bytes are passed on as they are. */
export class FrameScan {
  readonly #scan: BodyScan;
  #head = Buffer.alloc(0);
  #mask: Buffer | undefined;
  #left = 0;
  #offset = 0;

  constructor(scan: BodyScan) {
    this.#scan = scan;
  }

  /** Feeds raw bytes; returns the credential sighted, or "malformed" for frames that no client sends. */
  feed(bytes: Buffer): { readonly found: string } | "malformed" | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left === 0) {
        this.#head = Buffer.concat([this.#head, bytes.subarray(at, at + 1)]);
        at += 1;
        if (!this.#readHead()) return "malformed";
        continue;
      }
      const end = Math.min(bytes.length, at + this.#left);
      const found = this.#scan.feed(this.#unmask(bytes.subarray(at, end)));
      if (found !== undefined) return { found };
      this.#left -= end - at;
      at = end;
    }
    return undefined;
  }

  #readHead(): boolean {
    const head = this.#head;
    const second = head[1];
    if (second === undefined) return true;
    if ((second & 0x80) === 0) return false; // a client must mask
    const short = second & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (head.length < 2 + lengthBytes + 4) return true;
    const length =
      lengthBytes === 2 ? head.readUInt16BE(2) : lengthBytes === 8 ? Number(head.readBigUInt64BE(2)) : short;
    this.#left = length;
    this.#offset = 0;
    this.#mask = head.subarray(2 + lengthBytes);
    this.#head = Buffer.alloc(0);
    return true;
  }

  #unmask(payload: Buffer): Buffer {
    const plain = Buffer.allocUnsafe(payload.length);
    const mask = this.#mask ?? Buffer.alloc(4);
    for (let i = 0; i < payload.length; i++) {
      plain[i] = (payload[i] ?? 0) ^ (mask[(this.#offset + i) & 3] ?? 0);
    }
    this.#offset += payload.length;
    return plain;
  }
}

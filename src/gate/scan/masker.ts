/** Blots real credentials out of answers. A mask is as long as what it covers, so that lengths in headers stay true. */
export interface Masker {
  maskText(text: string): string;
  startBody(): BodyMask;
}

/** Masks one body, fed in any split. Holds back no more than the bytes that may be a credential's beginning. */
export interface BodyMask {
  feed(bytes: Buffer): Buffer;
  end(): Buffer;
}

const empty = Buffer.alloc(0);

/** Makes the masker for the values that a route injects, in the forms in which it injects them. */
export function createMasker(values: readonly string[]): Masker {
  const needles = [...new Set(values)].map((value) => Buffer.from(value, "latin1")).filter(({ length }) => length > 0);
  return {
    maskText: (text) => values.reduce((masked, value) => masked.replaceAll(value, "*".repeat(value.length)), text),
    startBody() {
      let held = empty;
      return {
        feed(bytes) {
          const whole = held.length > 0 ? Buffer.concat([held, bytes]) : bytes;
          for (const needle of needles) maskAll(whole, needle);
          const keep = Math.max(0, ...needles.map((needle) => startOf(needle, whole)));
          held = keep > 0 ? Buffer.from(whole.subarray(whole.length - keep)) : empty;
          return keep > 0 ? whole.subarray(0, whole.length - keep) : whole;
        },
        end: () => held,
      };
    },
  };
}

/** One masker that blots out what either would; undefined when there is none. */
export function joinMaskers(first: Masker | undefined, second: Masker | undefined): Masker | undefined {
  if (!first || !second) return first ?? second;
  return {
    maskText: (text) => second.maskText(first.maskText(text)),
    startBody() {
      const [before, after] = [first.startBody(), second.startBody()];
      return {
        feed: (bytes) => after.feed(before.feed(bytes)),
        end: () => Buffer.concat([after.feed(before.end()), after.end()]),
      };
    },
  };
}

function maskAll(bytes: Buffer, needle: Buffer): void {
  for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + needle.length)) {
    bytes.fill(0x2a, at, at + needle.length);
  }
}

/** How many of the last bytes are the beginning of the needle. */
function startOf(needle: Buffer, bytes: Buffer): number {
  const first = needle[0] ?? 0;
  const from = Math.max(0, bytes.length - needle.length + 1);
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    const length = bytes.length - at;
    if (bytes.compare(needle, 0, length, at) === 0) return length;
  }
  return 0;
}

/** Undoes `%41` and `\u0041` in bytes; undefined when there is nothing to undo. Cheap where the bytes hold neither. */
export function undoEscapes(bytes: Buffer): Buffer | undefined {
  let out: Buffer | undefined;
  let written = 0;
  let copied = 0;
  for (let at = nextEscape(bytes, 0); at >= 0; ) {
    const isPercent = bytes[at] === 0x25;
    const length = isPercent ? 3 : 6;
    const code = isPercent ? hexByte(bytes, at + 1) : unicodeByte(bytes, at);
    if (code < 0) {
      at = nextEscape(bytes, at + 1);
      continue;
    }
    out ??= Buffer.allocUnsafe(bytes.length);
    written += bytes.copy(out, written, copied, at);
    out[written++] = code;
    copied = at + length;
    at = nextEscape(bytes, copied);
  }
  if (!out) return undefined;
  written += bytes.copy(out, written, copied);
  return out.subarray(0, written);
}

function nextEscape(bytes: Buffer, from: number): number {
  const percent = bytes.indexOf(0x25, from);
  const unicode = bytes.indexOf("\\u00", from, "latin1");
  if (percent < 0) return unicode;
  return unicode < 0 ? percent : Math.min(percent, unicode);
}

const unicodeByte = (bytes: Buffer, at: number): number =>
  bytes[at + 2] === 0x30 && bytes[at + 3] === 0x30 ? hexByte(bytes, at + 4) : -1;

function hexByte(bytes: Buffer, at: number): number {
  const high = hexDigit(bytes[at]);
  const low = hexDigit(bytes[at + 1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

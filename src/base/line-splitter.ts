const lineFeed = 10;

/** Cuts a byte stream at LF only (U+2028 stays inside a line) in any split; a line over `maxBytes` throws RangeError. */
export function createLineSplitter(maxBytes: number): (bytes: Uint8Array) => string[] {
  let parts: Uint8Array[] = [];
  let held = 0;
  const decoder = new TextDecoder();
  return (bytes) => {
    const lines: string[] = [];
    let start = 0;
    for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, start)) {
      if (held + end - start > maxBytes) throw new RangeError(`Cannot read line: longer than ${maxBytes} bytes`);
      let text = "";
      for (const part of parts) text += decoder.decode(part, { stream: true });
      lines.push(text + decoder.decode(bytes.subarray(start, end)));
      parts = [];
      held = 0;
      start = end + 1;
    }
    if (start < bytes.length) {
      held += bytes.length - start;
      if (held > maxBytes) throw new RangeError(`Cannot read line: longer than ${maxBytes} bytes`);
      parts.push(bytes.slice(start));
    }
    return lines;
  };
}

import { BoundedText } from "./bounded-text.ts";

/** One line of a stream; a line of more than 1 MiB comes as its first and last part only. */
export type StreamLine = ReturnType<BoundedText["take"]>;

/** Cuts a byte stream into lines at LF alone (U+2028 is text), whatever the chunks; bounded memory, never throws. */
export function createBoundedLines(): {
  write(bytes: Uint8Array): readonly StreamLine[];
  end(): readonly StreamLine[];
} {
  const decoder = new TextDecoder();
  const line = new BoundedText();
  let isOpen = false;
  const split = (text: string): StreamLine[] => {
    const lines: StreamLine[] = [];
    let from = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", from)) {
      line.add(text.slice(from, at));
      lines.push(line.take());
      isOpen = false;
      from = at + 1;
    }
    if (from < text.length) {
      line.add(text.slice(from));
      isOpen = true;
    }
    return lines;
  };
  return {
    write: (bytes) => split(decoder.decode(bytes, { stream: true })),
    end() {
      const lines = split(decoder.decode());
      return isOpen ? [...lines, line.take()] : lines;
    },
  };
}

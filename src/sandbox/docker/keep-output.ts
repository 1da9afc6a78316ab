import type { Readable } from "node:stream";

/** Most of a service's output that is kept for whoever asks later. */
const keptBytes = 64 * 1024;

/** What a container says, from its first byte: kept in part until somebody listens. */
export interface KeptOutput {
  /** Gets what was kept, then all that comes. */
  listen(listener: (bytes: Uint8Array) => void): void;
  /** Its last lines, for a person. */
  lastWords(): string;
}

/** Reads the streams to their end, listened to or not: a container must not stand still because nobody reads. */
export function keepOutput(streams: readonly Readable[]): KeptOutput {
  let kept = Buffer.alloc(0);
  let told: ((bytes: Uint8Array) => void) | undefined;
  for (const stream of streams) {
    stream.on("error", () => {}); // The container's end is seen elsewhere.
    stream.on("data", (bytes: Buffer) => {
      told?.(bytes);
      kept = Buffer.concat([kept, bytes]).subarray(-keptBytes);
    });
  }
  return {
    listen: (listener) => {
      listener(kept);
      told = listener;
    },
    lastWords: () => kept.toString().trim().split("\n").slice(-5).join(" | ").slice(-500),
  };
}

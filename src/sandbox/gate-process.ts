import type { Readable, Writable } from "node:stream";

/** A started gate, whatever it runs in. Its control channel is two streams; it ends when `input` does, that is, with its keeper. */
export interface GateProcess {
  /** For the journal: by what a later start finds and ends it. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly input: Writable;
  readonly output: Readable;
  /** Its last words, when it fails. */
  readonly errors: Readable;
  /** Resolves with how it ended, when its last words have arrived. Never rejects. */
  readonly ended: Promise<string>;
  /** Ends it at once. */
  kill(): void;
}

/** One of the process's output streams. */
export interface Sink {
  readonly isTerminal: boolean;
  write(bytes: Uint8Array | string): void;
  /** Resolves when all that was written is with the system. */
  flushed(): Promise<void>;
}

import type { Failure } from "../../base/failure.ts";

/** Marks a text's meaning; colours on a terminal, nothing elsewhere. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  /** In the colour that a run is marked with, by its name; none, or one that is not known, changes nothing. */
  readonly mark: (color: string | undefined, text: string) => string;
}

/**
 * The only way in which a command speaks. What a command answers goes to standard output, what it tells meanwhile to
 * standard error. Whatever could move a terminal's cursor is made visible instead, except in `raw`.
 */
export interface Output {
  readonly json: boolean;
  /** For texts given to `show` and `note`. */
  readonly style: Style;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** One part of the answer: a JSON line, or the lines of text. A list calls it once for each item. */
  show(value: object, text: () => readonly string[]): void;
  /** Tells what goes on; nothing with `--json`. */
  note(text: string): void;
  /** The agent's own bytes, unchanged into a file or pipe; on a terminal only colours keep their effect. */
  pass(stream: "stdout" | "stderr", bytes: Uint8Array): void;
  /** The agent's own bytes, always unchanged: only for a terminal that was given to it on purpose. */
  raw(bytes: Uint8Array): void;
  fail(failure: Failure): void;
  bug(error: unknown, logFile: string | undefined): void;
  /** Writes what was held back and waits until all is with the system. */
  finish(): Promise<void>;
}

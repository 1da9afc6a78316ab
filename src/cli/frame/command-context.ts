import type { SpawnedKeeper } from "../../run/start-keeper.ts";
import type { Output } from "../output/output.ts";

/** Where this person's files lie; each `caisson` folder below the XDG one. */
export interface UserFolders {
  readonly home: string;
  /** Holds `sandboxes/`. */
  readonly state: string;
  readonly config: string;
}

/** Standard input as a command sees it. */
export interface Input {
  readonly isTerminal: boolean;
  readonly stream: NodeJS.ReadStream;
}

/** How wide and high the person's terminal is, or undefined when output is not one. */
interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The outside world as a command gets it; made once, in main.ts. */
export interface CommandContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly folders: UserFolders;
  readonly input: Input;
  readonly output: Output;
  /** For `run`: a keeper that boots since the process began, so that what is resolved meanwhile costs no time. */
  readonly earlyKeeper?: SpawnedKeeper | undefined;
  /** The terminal that standard output is, now. */
  terminalSize(): TerminalSize | undefined;
  /** Tells when that changes. */
  onResize(listener: () => void): Disposable;
  /**
   * Called at each Ctrl-C, SIGTERM, SIGHUP and when standard output was closed, with how often so far. While somebody
   * listens the process does not die of them.
   */
  onInterrupt(listener: (count: number, cause: "SIGINT" | "SIGTERM" | "SIGHUP" | "EPIPE") => void): Disposable;
}

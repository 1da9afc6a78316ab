import type { Limits, Mount, PublishedPort } from "./policy.ts";

/** Everything an engine needs to make one sandbox. A pure value: `--dry-run` prints it, tests read it. No secret in it. */
export interface LaunchPlan {
  readonly slug: string;
  /** `$XDG_STATE_HOME/caisson/sandboxes/<slug>`, 0700, already there. */
  readonly stateDir: string;
  readonly workspace:
    | { readonly mode: "mount" | "none"; readonly dir?: string }
    /** `source`, a copy that the agent may do to what it wants, is seen at `dir`. */
    | { readonly mode: "copy"; readonly dir: string; readonly source: string };
  /** Where the agent starts: the workspace's own path (paths in messages stay true), or its home where there is none. */
  readonly workdir: string;
  readonly home: string;
  readonly hostname: string;
  readonly limits: Limits;
  /** Mode bits that files made inside do not get. */
  readonly umask: number;
  readonly mounts: readonly Mount[];
  /** Ports inside that the gate makes reachable from outside. */
  readonly ports: readonly PublishedPort[];
  /** Read-only host folders the agent's tools need beyond the system's (its CLI under nvm, ~/.local, /nix, Node). */
  readonly toolDirs: readonly string[];
  readonly path: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly unixSockets: "deny" | "allow";
  /** Files to put into the private home or /run/caisson before the first exec: CA, git identity, prompt, agent config. */
  readonly files: readonly {
    readonly path: string;
    readonly text: string;
    /** How `text` stands for bytes; UTF-8 when not said. */
    readonly encoding?: "base64";
    readonly mode: number;
  }[];
  /** Folders below the home that are kept in the state folder, so that they outlive the sandbox. */
  readonly keeps: readonly string[];
  /** Where the gate's egress proxy listens, as the sandbox sees it: its own loopback, or a name on its network. */
  readonly proxy: { readonly host: string; readonly port: number };
}

/** What to run inside. `pty` gives it our own pseudo-terminal; without it the three streams are pipes. */
export interface ExecRequest {
  readonly argv: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  readonly pty?: { readonly columns: number; readonly rows: number; readonly term: string };
}

/** A started process inside a sandbox. Bytes, not text; `ended` never rejects. */
export interface RunningProcess {
  /** `taken` is called when the bytes are with the process or the system, or nobody will ever take them. */
  write(bytes: Uint8Array, taken?: () => void): void;
  closeInput(): void;
  resize(columns: number, rows: number): void;
  /** Signals the process; `stop` of the sandbox is what ends its whole tree. */
  kill(signal: NodeJS.Signals): void;
  onOutput(listener: (stream: "stdout" | "stderr", bytes: Uint8Array) => void): void;
  /** Stops reading until `resume`: a slow reader must not make us buffer without bound. */
  pause(): void;
  resume(): void;
  readonly ended: Promise<{ readonly exitCode: number | null; readonly signal?: string }>;
}

/** A live sandbox. `stop` ends the whole tree within 15 s from every state and may be called twice. */
export interface Sandbox extends AsyncDisposable {
  readonly slug: string;
  /** Which mechanism enforces each limit, for the person: `{ memory: "cgroup v1", disk: "watchdog" }`. */
  readonly limitMechanisms: Readonly<Record<string, string>>;
  exec(request: ExecRequest): Promise<RunningProcess>;
  /** Called once for each limit that was hit. */
  onLimit(listener: (limit: "memory" | "processes" | "disk", detail: string) => void): void;
  /** Resolves when the sandbox is gone, whoever ended it. Never rejects. */
  readonly gone: Promise<{ readonly reason: string }>;
  stop(): Promise<{ readonly leftovers: readonly string[] }>;
}

/** Intent before an act, result after it. Each line is on disk (fsync where it guards an outside effect) before the call returns. */
export interface Journal {
  intent(step: string, data?: Readonly<Record<string, unknown>>): void;
  result(step: string, data?: Readonly<Record<string, unknown>>): void;
}

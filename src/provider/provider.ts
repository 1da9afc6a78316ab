import type { RunEventDraft } from "../spec/events.ts";
import type { CredentialSource, Injection, Route } from "../spec/policy.ts";
import type { SessionCommand, ThinkingLevel } from "../spec/session.ts";
import type { ProviderLogin } from "./login.ts";

/** One way to sign in: a credential that the provider can use, and how its placeholder reaches the CLI. */
export interface ProviderCredential {
  readonly name: string;
  /** Host variable that holds the real value; also the variable inside that holds the placeholder. */
  readonly variable: string;
  readonly source: CredentialSource;
  readonly inject: readonly Injection[];
  /** Makes a placeholder that the CLI accepts as well-formed; `unique` is 32 hex digits. */
  readonly placeholder: (unique: string) => string;
}

/** What a run asks of a provider. Pure data: the caller has looked at the machine already. */
export interface ProviderRequest {
  readonly prompt?: string;
  readonly instructions?: string;
  readonly model?: string;
  readonly argv?: readonly string[];
  readonly interactive: boolean;
  readonly home: string;
  readonly workdir: string;
  /** Absolute path of the CLI as seen inside. */
  readonly binary: string;
  /** Names of the credentials that it signs in with. */
  readonly signedInWith: readonly string[];
  /** The vendor's id of the account that a kept login belongs to, where the vendor's API wants to hear it. No secret. */
  readonly accountId?: string;
  /** JSON Schema that its last answer has to fit; only given to a provider whose `output` is `native`. */
  readonly outputSchema?: Readonly<Record<string, unknown>>;
  readonly skills: readonly {
    readonly name: string;
    readonly files: readonly { readonly path: string; readonly text: string }[];
  }[];
}

/** How to start the CLI inside. Holds no secret: the caller adds the placeholders to the environment. */
export interface ProviderPlan {
  readonly argv: readonly string[];
  /** What the CLI reads from its standard input, which is then closed: a prompt of any length, seen in no process list. */
  readonly input?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly files: readonly { readonly path: string; readonly text: string; readonly mode: number }[];
}

/** Turns the CLI's output stream into events. Fed in any split; never throws, whatever the bytes. */
export interface Decoder {
  decode(bytes: Uint8Array): readonly RunEventDraft[];
  /** The stream ended: what was left in the buffer. */
  end(): readonly RunEventDraft[];
}

/** What a session's codec gives for what it was given: bytes for the CLI, facts for the record, and pieces for those who look on. */
export interface SessionStep {
  /** Written to the CLI's standard input, in order; whole lines. */
  readonly write?: string;
  readonly events?: readonly RunEventDraft[];
  readonly streamed?: readonly { readonly kind: "text" | "thought"; readonly text: string }[];
}

/**
 * Speaks a CLI's own two-way protocol: a pure machine with a state, of which every step is what to write and what to tell.
 * Tells `conversation_opened` once, `turn_started` and `turn_completed` in pairs, and each question once. Never throws for
 * what the CLI says, whatever the bytes and their split.
 *
 * The keeper's driver (src/run/session-driver.ts) takes from every codec what is the same for all: it records prompts before
 * it encodes them, numbers turns by their prompt, queues follow-ups (and steering where `steer` is `queued`) and drops them at
 * an abort, refuses what `abilities` do not name, tells `question_answered` for what a client answered, and gives the codec
 * - `prompt` only while no turn and no compaction goes on and the codec is ready,
 * - `steer` and `abort` only while a turn goes on (`steer` only where `steer` is `now`),
 * - `answer` only for an open question, with an option of its own; `follow_up` never.
 */
export interface SessionCodec {
  /** Whether the CLI has answered what `open` said: until then the driver holds everything back. Always, when not there. */
  readonly isReady?: boolean;
  /** The CLI runs: what is said to it first. */
  open(): SessionStep;
  /**
   * Throws a Failure (`session_unsupported`) for what the CLI cannot do, and (`session_refused`) for what makes no sense now. A
   * prompt that the CLI then refuses is a turn all the same, one that `failed`. `model_changed` and `thinking_changed` are
   * told when the CLI has confirmed. A question that the CLI withdraws is told as `question_answered`, `{cancelled: true}`.
   */
  encode(command: SessionCommand): SessionStep;
  decode(bytes: Uint8Array): SessionStep;
  /** The stream ended: what was left in the buffer; a turn that went on is over (`interrupted`). */
  end(): SessionStep;
}

/** What a session asks of its provider, beside what every run does. */
export interface SessionRequest extends Omit<ProviderRequest, "prompt" | "interactive"> {
  /** The CLI's own id of the conversation to go on with: what `conversation_opened` told, its files where `keeps` says. */
  readonly resume?: string;
  /** Whether the CLI asks before it uses a tool; otherwise the sandbox alone is the permission system. */
  readonly asks: boolean;
  readonly thinking?: ThinkingLevel;
}

/** What a CLI can do in a session: the rows of `docs/providers.md`, held by the contract suite. */
export interface SessionAbilities {
  /** `now`: within the turn; `queued`: after it, as a follow-up would be; `no`: refused. */
  readonly steer: "now" | "queued" | "no";
  readonly answer: boolean;
  readonly setModel: boolean;
  /** The levels that it takes while it runs; none: refused. */
  readonly thinking: readonly ThinkingLevel[];
  readonly compact: boolean;
  readonly resume: boolean;
  /** Whether it tells pieces of what the model says. */
  readonly streams: boolean;
}

/** A CLI's two-way mode. */
export interface ProviderSession {
  readonly abilities: SessionAbilities;
  /**
   * Folders (not files: they are mounted) below the private home that hold its conversations: kept in the state folder, so that
   * they outlive the sandbox. None of the files that `plan` writes may lie in them.
   */
  readonly keeps: readonly string[];
  /**
   * The conversations that the kept files hold, by their ids, from the files' paths below the home, newest first; for a run that told
   * no `conversation_opened`, and to see whether the one that it told was written at all. Absent: what was told is believed.
   */
  keptConversations?(files: readonly string[]): readonly string[];
  /** The CLI's own screen on a terminal, going on with a conversation (`resume` is there). Absent: it is resumed as a session. */
  planScreen?(request: SessionRequest): ProviderPlan;
  plan(request: SessionRequest): ProviderPlan;
  codec(request: SessionRequest): SessionCodec;
}

/** Adapter for one agent CLI. Adding one touches its file and the table in `providers.ts`. */
export interface Provider {
  readonly name: string;
  readonly summary: string;
  /** Names of the CLI's executable, looked for on PATH, in `~/.local/bin`, under nvm and beside Caisson. */
  readonly binaries: readonly string[];
  /** The command that installs it. */
  readonly install: string;
  /** Arguments that print the CLI's version. */
  readonly versionArgs: readonly string[];
  readonly credentials: readonly ProviderCredential[];
  /** `one`: two credentials at once are refused, the CLI would use one of them unseen. `any`: each that is there is used. */
  readonly signIn: "one" | "any";
  /** Said when there is no credential: what to do. */
  readonly signInHint: string;
  /** How a person signs in with their account (`caisson login`). */
  readonly login?: ProviderLogin;
  /** Routes it needs, given a credential that was found. */
  routes(credential: ProviderCredential | undefined): readonly Route[];
  plan(request: ProviderRequest): ProviderPlan;
  decoder(): Decoder;
  /** How the CLI is held to an output schema: by an option of its own, by instructions, or not at all (it is told nothing). */
  readonly output?: "native" | "asked";
  /**
   * Which of a project's `AGENTS.md` and `CLAUDE.md` it reads by itself (the first that is there), and the file below its
   * private home that it reads beside them. Without this it reads both.
   */
  readonly words?: { readonly reads: readonly ("AGENTS.md" | "CLAUDE.md")[]; readonly homeFile: string };
  /** How it is held a conversation with; a provider without one runs once. */
  readonly session?: ProviderSession;
}

/** One change to Caisson's own source: the text `find`, which is there exactly once, becomes `replace`. */
export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** What differs from the usual run: the person's manifest, how the workspace lies there, what the host does meanwhile. */
export interface Setting {
  /** Merged into `caisson.yaml`. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Shell commands of the host, run in the new workspace before the sandbox starts. */
  readonly prepare?: string;
  /** Shell commands of the host, run in the workspace while the attack goes on. */
  readonly meanwhile?: string;
  /** A service of the host listens on this unix socket in the workspace; it tells the host's secret to whoever connects. */
  readonly hostSocket?: string;
  /** A line of bash that the person's shell ran before, such as a redirection that stays. */
  readonly shell?: string;
  /** The person sits at a terminal, or only what is printed goes to one. */
  readonly terminal?: "both" | "output";
  readonly flags?: readonly string[];
  /** Variables of the attack program. `{marker}`, `{secret}`, `{workspace}` are filled in. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** What shows that an attack has succeeded. */
export type Evidence =
  /** The program shows the proof that only an outside listener could give it. Beaten = nobody outside saw its marker. */
  | { readonly kind: "proof" }
  /** The program shows a secret of the host. */
  | { readonly kind: "secret" }
  /** The kernel did what the program asked; nothing else to see. */
  | { readonly kind: "word" }
  /** A name server or listener outside saw something that matches, whatever the program knows of it. */
  | { readonly kind: "sighting"; readonly pattern: string }
  /** What Caisson printed matches. */
  | { readonly kind: "output"; readonly pattern: string }
  /** Shell commands of the host, run in the workspace afterwards, succeed when the host was harmed. */
  | { readonly kind: "host"; readonly check: string };

/** What makes the sandbox that is attacked. */
export type AttackedEngine = "local" | "docker";

/** One attack: a program, what it tries to break, and the one defence that it must fail against. */
export interface Attack {
  readonly name: string;
  /** Number of the invariant (DESIGN.md section 5) or of the requirement's room that it tries to break. */
  readonly breaks: string;
  /** What runs inside: a line of shell that ends with a program of `programs/`. */
  readonly program: string;
  readonly setting?: Setting;
  /** The one defence, in words for the table. */
  readonly defence: string;
  /** How that one defence is switched off: a change of the source, or of the person's own policy. */
  readonly off: { readonly patches?: readonly Patch[]; readonly setting?: Setting };
  readonly evidence: Evidence;
  /** A condition of the host's kernel (shell) under which the attack cannot be shown: then it is not counted. */
  readonly unless?: string;
  /** Engines on which there is nothing to try, and why in a few words. */
  readonly notOn?: Readonly<Partial<Record<AttackedEngine, string>>>;
  /** What is otherwise on the docker engine: the defence mostly, for there it is another text. */
  readonly docker?: Partial<Pick<Attack, "program" | "setting" | "defence" | "off" | "evidence" | "unless">>;
}

/** The attack as it is tried on this engine. */
export const attackOn = (engine: AttackedEngine, attack: Attack): Attack =>
  engine === "docker" ? { ...attack, ...attack.docker } : attack;

import type { Attack, Evidence, Patch, Setting } from "../attack.ts";

/** What a program says to the gate: CONNECT and TLS where named, then these bytes, piece by piece. */
export interface Words {
  readonly connect?: string;
  readonly sni?: string;
  readonly bytes: readonly string[];
  /** Pattern of success in what comes back; else the outside's proof for the marker. */
  readonly wanted?: string;
}

/** The words as settings of the program `through-gate.ts`. */
export const say = ({ connect, sni, bytes, wanted }: Words, more: Setting = {}): Setting => ({
  ...more,
  variables: {
    ...more.variables,
    BYTES: JSON.stringify(bytes),
    ...(connect !== undefined && { CONNECT: connect }),
    ...(sni !== undefined && { SNI: sni }),
    ...(wanted !== undefined && { WANTED: wanted }),
  },
});

/** A plain GET; `more` are further header lines. */
export const get = (target: string, host: string, more = ""): string =>
  `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;

/** The same over TLS through a tunnel, as every decent client does it. */
export const through = (host: string, ...bytes: readonly string[]): Words => ({
  connect: `${host}:443`,
  sni: host,
  bytes,
});

type Row = Omit<Attack, "program" | "breaks" | "evidence"> & {
  readonly breaks: Attack["breaks"];
  readonly evidence?: Evidence;
};

/** An attack that talks to the gate. */
export const gateAttack = (row: Row): Attack => ({
  program: "/opt/node/node /opt/attack/through-gate.ts",
  evidence: { kind: "proof" },
  ...row,
});

/** Takes one defence out by changing one text. */
export const without = (file: string, find: string, replace = ""): { readonly patches: readonly Patch[] } => ({
  patches: [{ file, find, replace }],
});

/** A manifest with one route more. */
export const route = (entry: object): Setting => ({ manifest: { routes: [entry] } });

/** The outside understood a request for this path. */
export const requested = (path: string): Evidence => ({
  kind: "sighting",
  pattern: `^request [A-Z]+ ${path}/{marker}`,
});

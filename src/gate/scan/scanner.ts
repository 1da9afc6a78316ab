import { secretForms } from "./secret-forms.ts";
import { undoEscapes } from "./undo-escapes.ts";

/** A text to look for, and the credential that it belongs to. */
export interface Secret {
  readonly credential: string;
  readonly text: string;
}

/** Looks for the secrets of one sandbox in what it sends. */
export interface Scanner {
  /** The credential whose placeholder is in the text, percent-encoded up to twice included. */
  findInText(text: string): string | undefined;
  /** A look at one body, fed in any split. */
  startBody(): BodyScan;
  /** The body with every sighting replaced, and whose they were. */
  redact(body: Buffer): { readonly body: Buffer; readonly found: readonly string[] };
}

/** Feeds return the credential sighted, if any; a secret cut in two by a split is found with its second part. */
export interface BodyScan {
  feed(bytes: Buffer): string | undefined;
}

interface Needle {
  readonly credential: string;
  readonly text: string;
  readonly bytes: Buffer;
}

/** Makes the scanner for a set of secrets; without any it finds nothing and costs nothing. */
export function createScanner(secrets: readonly Secret[]): Scanner {
  const needles = secrets.flatMap(({ credential, text }): Needle[] =>
    secretForms(text).map((form) => ({ credential, text: form, bytes: Buffer.from(form, "latin1") })),
  );
  const longest = Math.max(0, ...needles.map(({ bytes }) => bytes.length));
  const longestSecret = Math.max(0, ...secrets.map(({ text }) => Buffer.byteLength(text)));
  const inText = (text: string) => needles.find((needle) => text.includes(needle.text))?.credential;
  const inBytes = (bytes: Buffer) => needles.find((needle) => bytes.includes(needle.bytes))?.credential;

  return {
    findInText(text) {
      const found = inText(text);
      if (found !== undefined || needles.length === 0 || !text.includes("%")) return found;
      const once = undoPercent(text);
      return inText(once) ?? (once.includes("%") ? inText(undoPercent(once)) : undefined);
    },
    startBody() {
      if (needles.length === 0) return { feed: () => undefined };
      // Enough of what went before to hold all but the last byte of the longest form, escapes (6 bytes for one) included.
      const keep = Math.max(longest, longestSecret * 6) - 1;
      let tail = Buffer.alloc(0);
      return {
        feed(bytes) {
          const found =
            inBytes(bytes) ?? (tail.length > 0 ? inBytes(join(tail, bytes.subarray(0, longest))) : undefined);
          if (found !== undefined) return found;
          const whole = bytes.length < keep || tail.length > 0 ? join(tail, bytes) : bytes;
          const plain = undoEscapes(whole);
          tail = Buffer.from(whole.subarray(Math.max(0, whole.length - keep)));
          return plain ? inBytes(plain) : undefined;
        },
      };
    },
    redact: (body) => redactAll(body, needles, secrets),
  };
}

const join = (a: Buffer, b: Buffer): Buffer => (a.length === 0 ? b : Buffer.concat([a, b]));

const undoPercent = (text: string): string =>
  text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

function redactAll(body: Buffer, needles: readonly Needle[], secrets: readonly Secret[]) {
  const found = new Set<string>();
  const replacement = (credential: string) => {
    found.add(credential);
    return `[redacted credential ${credential}]`;
  };
  const hits = needles.filter(({ bytes }) => body.includes(bytes));
  const plain = undoEscapes(body);
  const escaped = plain ? secrets.filter(({ text }) => plain.includes(text, 0, "utf8")) : [];
  if (hits.length === 0 && escaped.length === 0) return { body, found: [] };
  let text = body.toString("latin1");
  for (const { credential, text: form } of hits) text = text.replaceAll(form, () => replacement(credential));
  for (const { credential, text: secret } of escaped) {
    text = text.replace(escapedForm(secret), () => replacement(credential));
  }
  return { body: Buffer.from(text, "latin1"), found: [...found] };
}

// Each character as it is or escaped either way: slow to look for, so only once it is known to be there.
function escapedForm(secret: string): RegExp {
  const characters = [...Buffer.from(secret, "utf8")].map((code) => {
    const hex = code.toString(16).padStart(2, "0");
    const anyCase = hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
    return `(?:\\x${hex}|%${anyCase}|\\\\u00${anyCase})`;
  });
  return new RegExp(characters.join(""), "g");
}

import { randomBytes } from "node:crypto";
import type { Route } from "../../spec/policy.ts";
import { createMasker, type Masker } from "../scan/masker.ts";

/** How a route exchanges minted secrets for placeholders. */
export type ExchangeAction = NonNullable<Route["exchange"]>;

/** What a secret is: a text that clients put into a header or a form, or the whole query of a signed address. */
export type MintedKind = "text" | "query";

interface Minted {
  readonly placeholder: string;
  readonly value: string;
  readonly kind: MintedKind;
  readonly hosts: readonly string[];
  readonly isPlain: boolean;
  readonly expiresAt: number;
}

/** Where a placeholder turned up: on its way to this host, by this scheme. */
export interface MintedPlace {
  readonly host: string;
  readonly scheme: "http" | "https";
}

/** Of one sandbox; the oldest goes when there are more. Whoever still uses its placeholder has to sign in again. */
const maxMinted = 500;
const longestSeconds = 30 * 86_400;
const shortestMasked = 8;

/**
 * The secrets that servers minted in their answers to one sandbox, each with the placeholder that the sandbox got instead. In memory
 * alone: they end with the gate. Every placeholder holds one mark, so that one look finds them all.
 */
export class MintedSecrets {
  /** Part of every placeholder, and of nothing else. */
  readonly mark = `caisson-minted-${randomBytes(16).toString("hex")}`;
  readonly #pattern = new RegExp(`(?:[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.)?${this.mark}-[0-9]{6}`, "g");
  readonly #byPlaceholder = new Map<string, Minted>();
  readonly #maskers = new Map<string, Masker | undefined>();
  readonly #clock: { now(): number };
  #count = 0;

  constructor(clock: { now(): number }) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#byPlaceholder.size;
  }

  /** The placeholder for a secret that came from this place; the same one for the same secret. */
  mint(
    { value, kind }: { readonly value: string; readonly kind: MintedKind },
    place: MintedPlace,
    action: ExchangeAction,
    lifeSeconds = longestSeconds,
  ): string {
    const hosts = [place.host, ...action.usedOn];
    const isPlain = place.scheme === "http";
    const expiresAt = this.#clock.now() + Math.min(longestSeconds, lifeSeconds) * 1000;
    for (const known of this.#byPlaceholder.values()) {
      if (known.value !== value || known.kind !== kind || !hosts.every((host) => known.hosts.includes(host))) continue;
      this.#byPlaceholder.set(known.placeholder, { ...known, expiresAt });
      return known.placeholder;
    }
    this.#count += 1;
    const own = `${this.mark}-${String(this.#count % 1_000_000).padStart(6, "0")}`;
    const placeholder = `${claimsOf(value)}${own}`;
    this.#byPlaceholder.set(placeholder, { placeholder, value, kind, hosts, isPlain, expiresAt });
    const [oldest] = this.#byPlaceholder.keys();
    if (this.#byPlaceholder.size > maxMinted && oldest !== undefined) this.#byPlaceholder.delete(oldest);
    this.#maskers.clear();
    return placeholder;
  }

  /**
   * The text with what `put` makes of each secret whose placeholder may go to this place; others stay, and are sighted, as do those
   * that it makes nothing of.
   */
  redeem(text: string, place: MintedPlace, kind: MintedKind, put: (value: string) => string | undefined): string {
    if (!text.includes(this.mark)) return text;
    return text.replace(this.#pattern, (placeholder) => {
      const minted = this.#byPlaceholder.get(placeholder);
      return minted?.kind === kind && this.#mayGo(minted, place) ? (put(minted.value) ?? placeholder) : placeholder;
    });
  }

  /** What hides, in answers of this host, the secrets that may go there: a server may repeat what it was sent, or keeps. */
  maskerFor(host: string): Masker | undefined {
    if (this.size === 0) return undefined;
    if (!this.#maskers.has(host)) {
      const values = [...this.#byPlaceholder.values()]
        .filter((minted) => minted.hosts.some((pattern) => hostMatches(pattern, host)))
        .map(({ value }) => value)
        .filter(({ length }) => length >= shortestMasked);
      const forms = values.flatMap((value) => [value, Buffer.from(value, "utf8").toString("base64")]);
      // The sandbox chooses the hosts that it asks for.
      if (this.#maskers.size > maxMinted) this.#maskers.clear();
      this.#maskers.set(host, forms.length > 0 ? createMasker(forms) : undefined);
    }
    return this.#maskers.get(host);
  }

  forget(): void {
    this.#byPlaceholder.clear();
    this.#maskers.clear();
  }

  #mayGo({ hosts, isPlain, expiresAt }: Minted, { host, scheme }: MintedPlace): boolean {
    if (expiresAt <= this.#clock.now() || (scheme === "http" && !isPlain)) return false;
    return hosts.some((pattern) => hostMatches(pattern, host));
  }
}

const hostMatches = (pattern: string, host: string): boolean =>
  pattern.startsWith("*.") ? host.length > pattern.length - 1 && host.endsWith(pattern.slice(1)) : host === pattern;

/**
 * A signed token's head and claims, which clients read, in front of its placeholder: without the signature they open nothing. One
 * that is not signed, or not readable, is a secret as a whole.
 */
function claimsOf(value: string): string {
  const parts = value.split(".");
  const [head = "", claims = "", signature = ""] = parts;
  if (parts.length !== 3 || signature.length < 16 || !isObject(head) || !isObject(claims)) return "";
  return `${head}.${claims}.`;
}

function isObject(part: string): boolean {
  if (!/^[A-Za-z0-9_-]+$/.test(part)) return false;
  try {
    const value = JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

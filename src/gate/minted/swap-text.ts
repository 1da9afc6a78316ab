import { compileFields, type FieldTest } from "./field-tests.ts";
import type { MintedKind } from "./minted-secrets.ts";

/** Makes a placeholder of a secret; `lifeSeconds` where the answer says how long it lasts. */
export type Mint = (
  secret: { readonly value: string; readonly kind: MintedKind },
  lifeSeconds: number | undefined,
) => string;

/** An answer's body with placeholders in the place of secrets, and how many there were; or why it cannot be read. */
export type SwappedText = { readonly text: string; readonly count: number } | { readonly unreadable: string };

/**
 * Swaps the secrets in an answer's text: JSON or a form. What leaves is written anew from what was understood, so that no second
 * reading of it (a field given twice, another escape) holds what the first did not see. Pure but for `mint`.
 */
export function swapText(text: string, contentType: string, fields: readonly string[], mint: Mint): SwappedText {
  const tests = compileFields(fields);
  if (text === "") return { text, count: 0 };
  if (/^application\/x-www-form-urlencoded\b/i.test(contentType)) return swapForm(text, tests, mint);
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(contentType.trim()) && !/^text\/json\b/i.test(contentType))
    return { unreadable: "the answer is neither JSON nor a form, and may hold a minted secret" };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { unreadable: "the answer is not the JSON that it says it is, and may hold a minted secret" };
  }
  if (typeof value !== "object" || value === null)
    return { unreadable: "the answer is bare JSON, and may be a minted secret itself" };
  const swapper = new Swapper(mint, readLife(value));
  const swapped = swapper.swap(value, tests, []);
  return { text: JSON.stringify(swapper.repeat(swapped)), count: swapper.count };
}

function swapForm(text: string, tests: readonly FieldTest[], mint: Mint): SwappedText {
  const form = new URLSearchParams(text);
  const expires = Number(form.get("expires_in") ?? "");
  const swapper = new Swapper(mint, expires > 0 ? expires : undefined);
  const pairs = [...form].map(([name, value]): [string, string] => [
    name,
    value !== "" && tests.some((test) => test([name])) ? swapper.placeholder(value) : value,
  ]);
  return {
    text: new URLSearchParams(pairs.map(([n, v]) => [swapper.repeatText(n), swapper.repeatText(v)])).toString(),
    count: swapper.count,
  };
}

/** A secret that is shorter may turn up by chance in other texts. */
const shortestRepeated = 8;
const deepest = 100;

class Swapper {
  readonly #mint: Mint;
  readonly #life: number | undefined;
  readonly #found = new Map<string, string>();

  constructor(mint: Mint, life: number | undefined) {
    this.#mint = mint;
    this.#life = life;
  }

  get count(): number {
    return this.#found.size;
  }

  /** `Bearer x` keeps its first word, and an address all but its query: clients look at them. */
  placeholder(value: string): string {
    const [, address, query] = /^(https?:\/\/[^?#\s]+\?)([^#\s]+)$/i.exec(value) ?? [];
    if (address !== undefined && query !== undefined) return `${address}${this.#placeholderOf(query, "query")}`;
    const [, scheme = "", secret = value] = /^([A-Za-z][\w-]{1,31} )(\S+)$/.exec(value) ?? [];
    return `${scheme}${this.#placeholderOf(secret, "text")}`;
  }

  #placeholderOf(value: string, kind: MintedKind): string {
    const known = this.#found.get(value);
    if (known !== undefined) return known;
    const placeholder = this.#mint({ value, kind }, this.#life);
    this.#found.set(value, placeholder);
    return placeholder;
  }

  swap(value: unknown, tests: readonly FieldTest[], path: readonly string[]): unknown {
    const isSecret = path.length > 0 && tests.some((test) => test(path));
    return isSecret ? this.#hide(value, path.length) : this.#inside(value, path, (v, p) => this.swap(v, tests, p));
  }

  /** All that hangs below a secret field. */
  #hide(value: unknown, depth: number): unknown {
    if (typeof value === "string") return value === "" ? value : this.placeholder(value);
    if (typeof value === "number") return this.placeholder(String(value));
    return this.#inside(
      value,
      Array.from({ length: depth }, () => ""),
      (v, p) => this.#hide(v, p.length),
    );
  }

  /** The same secrets wherever else they stand, names of fields included. */
  repeat(value: unknown): unknown {
    if (typeof value === "string") return this.repeatText(value);
    if (Array.isArray(value)) return value.map((inner) => this.repeat(inner));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [this.repeatText(name), this.repeat(inner)]),
    );
  }

  repeatText(text: string): string {
    let repeated = text;
    for (const [secret, placeholder] of this.#found)
      if (secret.length >= shortestRepeated) repeated = repeated.replaceAll(secret, placeholder);
    return repeated;
  }

  #inside(value: unknown, path: readonly string[], act: (value: unknown, path: readonly string[]) => unknown): unknown {
    // Deeper than anybody means it: nothing of it is passed on.
    if (path.length > deepest) return null;
    if (Array.isArray(value)) return value.map((inner) => act(inner, [...path, "[]"]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, act(inner, [...path, name])]));
  }
}

function readLife(value: object): number | undefined {
  const seconds = Number((value as { readonly expires_in?: unknown }).expires_in);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}

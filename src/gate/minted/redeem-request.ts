import { randomBytes } from "node:crypto";
import type { HeaderField } from "../http1/header-list.ts";
import type { AgentRequest } from "../http1/read-request.ts";
import type { MintedSecrets } from "./minted-secrets.ts";

/** A request without the minted placeholders that are in their place, and what puts their secrets there at the last moment. */
export interface RedeemedRequest {
  readonly request: AgentRequest;
  /** How many headers get a secret. */
  readonly count: number;
  /** Puts the secrets into a head that was composed from the request. */
  fill(head: string): string;
}

// A secret goes where clients send credentials and nowhere else: a server may store any other header, and give it back.
const places = new Set(["authorization", "cookie", "x-auth-token", "private-token"]);

/** What stands in a secret's place; undefined where nothing may. */
type Put = (value: string) => string | undefined;

/** Put into a head, anything else could end its line, and write headers and requests that no rule has seen. */
const headWord = /^[\x20-\x7e]+$/;

/**
 * Takes the minted placeholders out of a request's credential headers where they may go to its host. What is scanned and composed
 * from then on holds slots that nobody can guess; a placeholder anywhere else stays, and is sighted.
 */
export function redeemRequest(minted: MintedSecrets, request: AgentRequest): RedeemedRequest {
  if (minted.size === 0) return { request, count: 0, fill: (head) => head };
  const slots = new Map<string, string>();
  const slot = (value: string): string | undefined => {
    if (!headWord.test(value)) return undefined;
    const name = `caisson-slot-${randomBytes(12).toString("hex")}`;
    slots.set(name, value);
    return name;
  };
  const redeem = (text: string, put: Put) => minted.redeem(text, request, "text", put);
  const headers = request.headers.map((field): HeaderField => {
    if (!places.has(field.name)) return field;
    const value = redeem(field.value, slot);
    return { ...field, value: value === field.value ? redeemBasic(value, redeem, slot) : value };
  });
  const { target } = request;
  // A signed address is its whole query: beside other words of the agent it would be another one.
  const query = target.query === undefined ? undefined : redeemQuery(minted, request, target.query, slot);
  return {
    request: slots.size === 0 ? request : { ...request, headers, target: { ...target, query } },
    count: slots.size,
    fill: (head) => {
      let filled = head;
      for (const [name, value] of slots) filled = filled.replaceAll(name, () => value);
      return filled;
    },
  };
}

function redeemQuery(minted: MintedSecrets, request: AgentRequest, query: string, slot: Put): string {
  const redeemed = minted.redeem(query, request, "query", (value) => value);
  const isWhole = minted.redeem(query, request, "query", () => "") === "";
  return isWhole && redeemed !== query ? (slot(redeemed) ?? query) : query;
}

/** A placeholder as the password (or name) of Basic: what docker, git and package clients make of a token. */
function redeemBasic(value: string, redeem: (text: string, put: Put) => string, slot: Put): string {
  const encoded = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(value)?.[1];
  if (encoded === undefined) return value;
  const pair = Buffer.from(encoded, "base64").toString("latin1");
  const redeemed = redeem(pair, (secret) => secret);
  return redeemed === pair ? value : `Basic ${slot(Buffer.from(redeemed, "latin1").toString("base64")) ?? encoded}`;
}

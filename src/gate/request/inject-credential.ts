import type { Injection } from "../../spec/policy.ts";
import { createMasker, type Masker } from "../scan/masker.ts";
import type { Injected } from "./outgoing-head.ts";

/** A credential made ready for one route: what it adds to a request, and what hides it in answers. */
export interface ReadyInjection extends Injected {
  readonly masker: Masker;
}

/** Makes a route's injections with a value. */
export function readyInjection(injections: readonly Injection[], value: string): ReadyInjection {
  let lines = "";
  const query: string[] = [];
  const masked = [value];
  for (const injection of injections) {
    switch (injection.as) {
      case "bearer":
        lines += `authorization: Bearer ${value}\r\n`;
        break;
      case "basic": {
        const pair = Buffer.from(`${injection.user}:${value}`, "utf8").toString("base64");
        lines += `authorization: Basic ${pair}\r\n`;
        masked.push(pair);
        break;
      }
      case "header":
        lines += `${injection.name}: ${value}\r\n`;
        break;
      case "query":
        query.push(`${encodeURIComponent(injection.name)}=${encodeURIComponent(value)}`);
        masked.push(encodeURIComponent(value));
        break;
    }
  }
  const base64 = Buffer.from(value, "utf8").toString("base64");
  return {
    lines,
    query: query.join("&"),
    masker: createMasker([...masked, base64, jsonText(value)].filter(({ length }) => length >= shortestMasked)),
  };
}

/** What a value must be to go into a header: nothing that could start another one. */
export const isHeaderSafe = (value: string): boolean => /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value);

// Shorter ones turn up by chance: masking them would garble answers.
const shortestMasked = 8;

const jsonText = (value: string): string => JSON.stringify(value).slice(1, -1);

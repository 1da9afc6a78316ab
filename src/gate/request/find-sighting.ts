import type { HeaderField } from "../http1/header-list.ts";
import type { AgentRequest } from "../http1/read-request.ts";
import type { Scanner } from "../scan/scanner.ts";
import type { OutgoingHead } from "./outgoing-head.ts";

/** A placeholder that turned up, and in which part of a request; `where` names no value. */
export interface Sighting {
  readonly credential: string;
  readonly where: string;
}

/**
 * Looks through a request's head. Of an allowed request everything that would leave counts, and what was taken out where
 * the route injects `own`; of another one the whole head.
 */
export function findSighting(
  scanner: Scanner,
  request: AgentRequest,
  head: OutgoingHead | undefined,
  own: string | undefined,
): Sighting | undefined {
  const { target, headers, host } = request;
  const leaving = head?.clean ?? `${host}\n${target.path}?${target.query ?? ""}\n${textOf(headers)}`;
  const credential = scanner.findInText(leaving) ?? findStripped(scanner, head?.stripped ?? "", own);
  return credential === undefined ? undefined : { credential, where: findPlace(scanner, request, credential) };
}

// The placeholder of the route's own credential belongs there; another one in its place is a sighting all the same.
function findStripped(scanner: Scanner, stripped: string, own: string | undefined): string | undefined {
  if (stripped === "") return undefined;
  return stripped
    .split("\n")
    .map((line) => scanner.findInText(line))
    .find((found) => found !== undefined && found !== own);
}

function findPlace(scanner: Scanner, { target, headers, host }: AgentRequest, credential: string): string {
  if (scanner.findInText(host) !== undefined) return "host";
  if (scanner.findInText(target.path) !== undefined) return "path";
  if (scanner.findInText(target.query ?? "") !== undefined) return "query";
  const header = headers.find((field) => scanner.findInText(lineOf(field)) === credential);
  if (!header) return "head";
  return scanner.findInText(header.name) === undefined ? `header ${header.name}` : "a header's name";
}

const lineOf = ({ name, value }: HeaderField): string => `${name}: ${value}`;
const textOf = (headers: readonly HeaderField[]): string => headers.map(lineOf).join("\n");

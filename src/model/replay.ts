import type { Exchange } from "../spec/gate-protocol.ts";

/** What a request is found by in a recording. */
interface ReplayKey {
  readonly route: string;
  readonly model: string;
  readonly digest: string;
}

/** Answers model requests from a recording. */
export interface Replayer {
  /**
   * The recorded exchange for a request, or undefined: a miss. The same request asked again gets the answers in the order
   * in which they were recorded, then the last one again, so that a client's retry is answered too.
   */
  answer(key: ReplayKey): Exchange | undefined;
  /** Why a request has no answer, in one sentence for a person. */
  explainMiss(key: ReplayKey): string;
}

/** A replayer over the exchanges of one recording, in recorded order. */
export function createReplayer(exchanges: readonly Exchange[]): Replayer {
  const answers = new Map<string, { readonly list: Exchange[]; next: number }>();
  for (const exchange of exchanges) {
    const known = answers.get(keyOf(exchange));
    if (known) known.list.push(exchange);
    else answers.set(keyOf(exchange), { list: [exchange], next: 0 });
  }
  return {
    answer(key) {
      const found = answers.get(keyOf(key));
      if (!found) return undefined;
      const exchange = found.list[found.next];
      if (found.next < found.list.length - 1) found.next += 1;
      return exchange;
    },
    explainMiss({ route, model }) {
      const ofRoute = exchanges.filter((exchange) => exchange.route === route);
      if (ofRoute.length === 0) return `the recording has no request on route ${route}`;
      const ofModel = ofRoute.filter((exchange) => exchange.model === model);
      if (ofModel.length > 0) {
        return `none of the ${ofModel.length} recorded requests to ${model} holds this conversation (another prompt, or a tool answered otherwise)`;
      }
      return `the recording has no request to ${model}, only to ${[...new Set(ofRoute.map((e) => e.model))].join(", ")}`;
    },
  };
}

const keyOf = ({ route, model, digest }: ReplayKey): string => JSON.stringify([route, model, digest]);

import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { makeTestCa } from "./test-ca.ts";
import { loopback, type TestPlace } from "./test-engine.ts";

/** What an upstream got. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

/** A real TLS server that stands for somebody's API; disposing closes it. */
export interface Upstream extends AsyncDisposable {
  readonly origin: string;
  /** For a route's `allowAddresses`. */
  readonly cidr: string;
  /** PEM of the authority that its certificate chains to. */
  readonly ca: string;
  readonly received: readonly ReceivedRequest[];
  readonly server: Server;
}

/** Starts an upstream, on loopback when no place is said. Without an answer of its own it says 200 and `hello`. */
export async function startUpstream(
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    void response.end("hello"),
  place: TestPlace = loopback,
): Promise<Upstream> {
  const ca = makeTestCa("Upstream CA");
  const received: ReceivedRequest[] = [];
  const server = createServer(ca.leaf(place.host), (request, response) => {
    received.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers });
    request.resume();
    answer(request, response);
  });
  const port = await place.listen(server);
  return {
    origin: `https://${place.host}:${port}`,
    cidr: place.cidr,
    ca: ca.certificate,
    received,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

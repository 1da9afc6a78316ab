import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { makeTestCa } from "./test-ca.ts";

/** What an upstream got. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

/** A real TLS server on loopback that stands for somebody's API; disposing closes it. */
export interface Upstream extends AsyncDisposable {
  readonly origin: string;
  /** PEM of the authority that its certificate chains to. */
  readonly ca: string;
  readonly received: readonly ReceivedRequest[];
}

/** Starts an upstream for `localhost`. Without an answer of its own it says 200 and `hello`. */
export async function startUpstream(
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    void response.end("hello"),
): Promise<Upstream> {
  const ca = makeTestCa("Upstream CA");
  const received: ReceivedRequest[] = [];
  const server = createServer(ca.leaf("localhost"), (request, response) => {
    received.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers });
    request.resume();
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    ca: ca.certificate,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

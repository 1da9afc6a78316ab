import { lookup } from "node:dns";
import { networkInterfaces } from "node:os";
import { promisify } from "node:util";
import type { LineWriter } from "./channel/write-lines.ts";
import { createGate, type Gate } from "./gate.ts";
import { gateLimits } from "./limits.ts";

const lookupAll = promisify(lookup);

/** The gate with this machine's resolver, interfaces and clock. */
export function startGate(writer: LineWriter): Gate {
  return createGate(
    {
      send: (message) => writer.send(message),
      isCongested: () => writer.isCongested,
      whenClear: (callback) => writer.whenClear(callback),
      clock: Date,
      resolve: async (host) => (await lookupAll(host, { all: true })).map(({ address }) => address),
      ownAddresses: () =>
        Object.values(networkInterfaces())
          .flatMap((addresses) => addresses ?? [])
          .map(({ address }) => address),
    },
    gateLimits,
  );
}

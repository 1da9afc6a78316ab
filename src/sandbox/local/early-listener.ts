import type { Server } from "node:net";
import type { ProcessIdentity } from "../../host/process-identity.ts";
import type { LocalHost } from "./local-host.ts";
import { openListener } from "./open-listener.ts";

/** The gate's listener, opened while the sandbox's mounts are still being made: its helper takes longer than they do. */
export interface EarlyListener {
  open(init: ProcessIdentity): void;
  /** The listener of this port, once; undefined when it was not opened, or was taken already. */
  take(port: number): Promise<Server> | undefined;
  /** Closes it if nobody took it: an open one of ours would accept what the agent connects. */
  discard(): void;
}

/** Makes an early listener of the given port. */
export function createEarlyListener(host: LocalHost, port: number): EarlyListener {
  let opening: Promise<Server> | undefined;
  return {
    open: (init) => {
      opening = openListener(host, { init }, port);
      opening.catch(() => {}); // Told to whoever takes it.
    },
    take: (wanted) => {
      if (wanted !== port) return undefined;
      const taken = opening;
      opening = undefined;
      return taken;
    },
    discard: () => {
      opening?.then((server) => server.close()).catch(() => {});
      opening = undefined;
    },
  };
}

import type { Socket } from "node:net";
import { createIngress, type Ingress, type Publish } from "./ingress.ts";
import type { IngressContext } from "./relay.ts";

/** The published ports of all sandboxes of one gate. */
export interface Ingresses {
  publish(message: Publish): void;
  /** Takes a connection inside, whoever asked for it; one that nobody waits for is closed. */
  dialled(sandbox: string, dial: string, inner: Socket): void;
  undialled(sandbox: string, dial: string, reason: string): void;
  close(sandbox: string): void;
  closeAll(): void;
}

/** Makes them; none is open before `publish`. */
export function createIngresses(context: IngressContext): Ingresses {
  const open = new Map<string, Ingress>();
  const close = (sandbox: string) => {
    open.get(sandbox)?.close();
    open.delete(sandbox);
  };
  return {
    publish: (message) => {
      const ingress = open.get(message.sandbox) ?? createIngress(context, message.sandbox);
      open.set(message.sandbox, ingress);
      ingress.publish(message);
    },
    dialled: (sandbox, dial, inner) => {
      const ingress = open.get(sandbox);
      if (ingress) ingress.dialled(dial, inner);
      else inner.destroy();
    },
    undialled: (sandbox, dial, reason) => open.get(sandbox)?.undialled(dial, reason),
    close,
    closeAll: () => {
      for (const sandbox of [...open.keys()]) close(sandbox);
    },
  };
}

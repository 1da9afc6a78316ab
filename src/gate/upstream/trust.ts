import { createSecureContext, getCACertificates, type SecureContext, setDefaultCACertificates } from "node:tls";

/** Whose certificates upstream servers may show: Node's own roots, the machine's store, NODE_EXTRA_CA_CERTS, a route's. */
export interface Trust {
  contextFor(extraCa: string | undefined): SecureContext;
  /** Loads the machine's store; false when that was done already. Slow, so only when a chain was not trusted without it. */
  addMachineStore(): boolean;
}

const maxContexts = 100;

/** Makes the gate's trust store; contexts are kept, because each one is costly. */
export function createTrust(): Trust {
  const contexts = new Map<string, SecureContext>();
  let hasMachineStore = false;
  return {
    contextFor(extraCa) {
      const key = extraCa ?? "";
      let context = contexts.get(key);
      if (!context) {
        const ca = extraCa === undefined ? {} : { ca: [...getCACertificates("default"), extraCa] };
        context = createSecureContext(ca);
        if (contexts.size >= maxContexts) contexts.clear();
        contexts.set(key, context);
      }
      return context;
    },
    addMachineStore() {
      if (hasMachineStore) return false;
      hasMachineStore = true;
      setDefaultCACertificates([...new Set([...getCACertificates("default"), ...getCACertificates("system")])]);
      contexts.clear();
      return true;
    },
  };
}

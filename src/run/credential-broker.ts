import { callAfter } from "../base/call-after.ts";
import type { Credential } from "../spec/policy.ts";

/** A credential's value as its source gave it. */
export interface CredentialValue {
  readonly value: string;
  /** Unix milliseconds. */
  readonly expiresAt?: number;
}

/** What the broker needs: the source reader, when to read again (seconds from now), timers, and where values go. */
export interface BrokerHost {
  read(credential: Credential): Promise<CredentialValue>;
  nextRefreshSeconds(credential: Credential, value: CredentialValue): number | undefined;
  deliver(name: string, value: CredentialValue | undefined): void;
  failed(name: string, message: string): void;
}

/** After a failed refresh: tries again this often, so that a source that comes back is picked up. */
const retrySeconds = 30;

/** Reads every credential once (rejecting with the first failure), then keeps those that expire fresh until aborted. */
export async function brokerCredentials(
  host: BrokerHost,
  credentials: readonly Credential[],
  signal: AbortSignal,
): Promise<void> {
  const later = (credential: Credential, seconds: number | undefined) => {
    if (seconds === undefined || signal.aborted) return;
    const callOff = callAfter(Math.max(1, seconds), () => {
      signal.removeEventListener("abort", callOff);
      void refresh(credential);
    });
    signal.addEventListener("abort", callOff, { once: true });
  };
  const refresh = async (credential: Credential) => {
    try {
      const value = await host.read(credential);
      if (signal.aborted) return;
      host.deliver(credential.name, value);
      later(credential, host.nextRefreshSeconds(credential, value));
    } catch (error) {
      // The old value stays until the gate sees it expire: a source that fails for a moment must not cut a run.
      host.failed(credential.name, error instanceof Error ? error.message : "unknown");
      later(credential, retrySeconds);
    }
  };
  await Promise.all(
    credentials.map(async (credential) => {
      const value = await host.read(credential);
      host.deliver(credential.name, value);
      later(credential, host.nextRefreshSeconds(credential, value));
    }),
  );
}

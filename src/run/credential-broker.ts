import { callAfter } from "../base/call-after.ts";
import { Failure } from "../base/failure.ts";
import type { Credential } from "../spec/policy.ts";

/** A credential's value as its source gave it. */
export interface CredentialValue {
  readonly value: string;
  /** Unix milliseconds. */
  readonly expiresAt?: number;
  readonly refreshAt?: number;
  /** It is still good, but could not be renewed: why, and what to do. */
  readonly problem?: string;
  readonly hint?: string;
}

/** What the broker needs: the source reader, when to read again (seconds from now), timers, and where values go. */
export interface BrokerHost {
  read(credential: Credential): Promise<CredentialValue>;
  nextRefreshSeconds(credential: Credential, value: CredentialValue): number | undefined;
  deliver(name: string, value: CredentialValue | undefined): void;
  /** A credential could not be renewed; told once for as long as it is the same trouble. */
  failed(name: string, message: string, hint: string): void;
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
  const told = new Map<string, string>();
  const tell = (name: string, trouble: { readonly message: string; readonly hint: string } | undefined) => {
    if (trouble && told.get(name) !== trouble.message) host.failed(name, trouble.message, trouble.hint);
    if (trouble) told.set(name, trouble.message);
    else told.delete(name);
  };
  const delivered = new Map<string, string>();
  const deliver = (credential: Credential, value: CredentialValue) => {
    const { name } = credential;
    tell(name, value.problem === undefined ? undefined : { message: value.problem, hint: value.hint ?? "" });
    // What is the same as before need not be taken in again by the gate.
    const key = `${value.expiresAt ?? ""} ${value.value}`;
    if (delivered.get(name) !== key) host.deliver(name, value);
    delivered.set(name, key);
    later(credential, host.nextRefreshSeconds(credential, value));
  };
  const refresh = async (credential: Credential) => {
    try {
      const value = await host.read(credential);
      if (!signal.aborted) deliver(credential, value);
    } catch (error) {
      // The old value stays until the gate sees it expire: a source that fails for a moment must not cut a run.
      const hint = error instanceof Failure ? error.hint : "";
      tell(credential.name, { message: error instanceof Error ? error.message : "unknown", hint });
      later(credential, retrySeconds);
    }
  };
  await Promise.all(credentials.map(async (credential) => deliver(credential, await host.read(credential))));
}

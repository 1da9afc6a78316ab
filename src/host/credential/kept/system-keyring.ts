import { existsSync } from "node:fs";

/** The person's keyring: one secret of ours in it. */
export interface SystemKeyring {
  /** Undefined when there is none of this name. Rejects when the keyring is locked, or does not answer within 20 s. */
  read(): Promise<string | undefined>;
  write(secret: string): Promise<void>;
}

const service = "caisson";
const timeoutMs = 20_000;

/**
 * The keyring of the person's session (Secret Service), or undefined where there is no session bus: a server, a container, a
 * cron job. Its native code is loaded when it is used and never before. The kernel's own keyring is not used: it forgets at a
 * restart.
 */
export function findSystemKeyring(
  environment: Readonly<Record<string, string | undefined>>,
  account: string,
): SystemKeyring | undefined {
  if (!hasSessionBus(environment)) return undefined;
  const open = async () => {
    const { AsyncEntry } = await import("@napi-rs/keyring");
    return new AsyncEntry(service, account, { linux: { store: "secret-service" } });
  };
  return {
    read: () => bounded(async () => (await (await open()).getPassword()) ?? undefined),
    write: (secret) => bounded(async () => (await open()).setPassword(secret)),
  };
}

function hasSessionBus(environment: Readonly<Record<string, string | undefined>>): boolean {
  if (environment.DBUS_SESSION_BUS_ADDRESS) return true;
  return environment.XDG_RUNTIME_DIR?.startsWith("/") === true && existsSync(`${environment.XDG_RUNTIME_DIR}/bus`);
}

// A keyring that asks its person to unlock it answers when they do, which may be never.
async function bounded<T>(act: () => Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  try {
    return await Promise.race([act(), promise]);
  } finally {
    clearTimeout(timer);
  }
}

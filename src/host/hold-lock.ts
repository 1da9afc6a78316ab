import { DatabaseSync } from "node:sqlite";

/** SQLite's words for "somebody else holds it", and for a file that was taken away while it was being opened. */
const [busy, locked, ioError] = [5, 6, 10];
const maxTries = 5;

/**
 * Holds a lock file until disposed; undefined while somebody else does, in this process or another. Never waits. The kernel
 * gives it back whatever ends its holder, so that no lock is ever stale and none has to be taken over. A holder may remove
 * the file; whoever gets a lock then looks again whether there is anything left to do. Throws where the file cannot be made.
 */
export function holdLock(path: string): Disposable | undefined {
  for (let tried = 1; ; tried += 1) {
    // Node has no lock of its own. An open write transaction of SQLite is one, and nothing is written as long as nobody writes: not
    // even a journal, so that it can be held on a full disk.
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      database.exec("PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE");
      return { [Symbol.dispose]: () => database.close() };
    } catch (error) {
      database.close();
      const code = Number((error as { errcode?: unknown }).errcode) & 0xff;
      if (code === busy || code === locked) return undefined;
      if (code !== ioError || tried === maxTries) throw error;
    }
  }
}

import { DatabaseSync } from "node:sqlite";

/** SQLite's words for "somebody else holds it". */
const busy: ReadonlySet<unknown> = new Set([5, 6]);

/**
 * Holds a lock file until disposed; undefined while somebody else does, in this process or another. Never waits. The kernel
 * gives it back whatever ends its holder, so that no lock is ever stale and none has to be taken over. The file stays: a lock
 * on a file that was removed keeps nobody out. Throws where the file cannot be made.
 */
export function holdLock(path: string): Disposable | undefined {
  // Node has no lock of its own. An open write transaction of SQLite is one, and nothing is written as long as nobody writes.
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("BEGIN IMMEDIATE");
  } catch (error) {
    database.close();
    if (busy.has((error as { errcode?: unknown }).errcode)) return undefined;
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
}

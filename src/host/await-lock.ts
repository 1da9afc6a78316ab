import { setTimeout as sleep } from "node:timers/promises";
import { holdLock } from "./hold-lock.ts";

const pollMs = 50;

/** Holds a lock file as `holdLock` does, after waiting for whoever holds it; undefined when that took too long. */
export async function awaitLock(path: string, milliseconds: number): Promise<Disposable | undefined> {
  const until = performance.now() + milliseconds;
  for (;;) {
    const lock = holdLock(path);
    if (lock || performance.now() >= until) return lock;
    await sleep(pollMs);
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { isSameProcess, type ProcessIdentity } from "./process-identity.ts";

const graceMs = 5000;
const pollMs = 5;

/** Ends exactly this process (SIGKILL) and waits until it is gone; false when it still runs after 5 s. A gone one is success. */
export async function endProcess(identity: ProcessIdentity): Promise<boolean> {
  for (let waited = 0; isSameProcess(identity); waited += pollMs) {
    if (waited >= graceMs) return false;
    try {
      process.kill(identity.pid, "SIGKILL");
    } catch {
      // It ended between the look and the signal, or is not ours: the next look tells.
    }
    await sleep(pollMs);
  }
  return true;
}

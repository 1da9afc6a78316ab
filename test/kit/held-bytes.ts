import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes of this process's heap that something still holds: what is only waiting to be collected does not count. */
export function heldBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

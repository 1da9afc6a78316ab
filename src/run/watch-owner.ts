import { callAfter } from "../base/call-after.ts";
import type { IdleWatch } from "./watch-idle.ts";

/** Ends what belongs to somebody: at once when all have left, and after so long when nobody ever came. */
export function watchOwner(seconds: number, isAttended: () => boolean, end: () => void): IdleWatch {
  let isExpected = true;
  const callOff = callAfter(seconds, end);
  return {
    look() {
      if (isAttended()) {
        isExpected = false;
        callOff();
      } else if (!isExpected) end();
    },
    close: callOff,
  };
}

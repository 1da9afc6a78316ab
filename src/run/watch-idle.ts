import { callAfter } from "../base/call-after.ts";

/** Ends what nobody uses. */
export interface IdleWatch {
  /** To be called whenever `isIdle` may have changed. */
  look(): void;
  close(): void;
}

/** Calls `end` once it was idle for so long without a break. */
export function watchIdle(seconds: number, isIdle: () => boolean, end: () => void): IdleWatch {
  let callOff: (() => void) | undefined;
  let isClosed = false;
  const rest = () => {
    callOff?.();
    callOff = undefined;
  };
  return {
    look() {
      if (isClosed || !isIdle()) rest();
      else callOff ??= callAfter(seconds, end);
    },
    close() {
      isClosed = true;
      rest();
    },
  };
}

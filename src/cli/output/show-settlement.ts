import type { Settlement } from "../../run/settle.ts";
import type { exitCodes } from "../frame/exit-codes.ts";
import type { Output } from "./output.ts";

const engineFailed = 6;

/** Shows what ending a sandbox came to; the exit code is 6 when something is left. */
export function showSettlement(output: Output, settlement: Settlement, done: string): keyof typeof exitCodes {
  const { slug, leftovers } = settlement;
  output.show({ slug, done, leftovers }, () => [
    `${slug}  ${leftovers.length === 0 ? done : output.style.bad(`${done}, but something is left`)}`,
    ...leftovers.map((left) => `  left  ${left}   (caisson cleanup tries again)`),
  ]);
  return leftovers.length === 0 ? 0 : engineFailed;
}

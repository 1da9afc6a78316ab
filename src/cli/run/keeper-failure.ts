import { Failure } from "../../base/failure.ts";
import type { FromKeeper } from "../../spec/keeper-protocol.ts";

/** The failure that a keeper told, as one of ours. */
export function keeperFailure(said: Extract<FromKeeper, { type: "failed" }>, slug: string): Failure {
  const { code, message, hint, exit } = said;
  return new Failure(code, { message, hint, status: 500, exit }, { slug });
}

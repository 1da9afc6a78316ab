import type { Exchange } from "../spec/gate-protocol.ts";
import type { ModelApi } from "../spec/policy.ts";

/** What a client of `api` is told when a replay has no answer: an error of its own wire format that it does not retry. */
export function missAnswer(api: ModelApi, reason: string): Exchange["response"] {
  const message = `caisson: replay has no answer: ${reason}`;
  const error = { type: "invalid_request_error", message };
  const body =
    api === "anthropic" ? { type: "error", error } : { error: { ...error, param: null, code: "replay_missed" } };
  return {
    // Claude Code tries a 400 again in several shapes, and a 404 with another model; a 410 is final.
    status: 410,
    headers: { "content-type": "application/json", "x-should-retry": "false" },
    body: JSON.stringify(body),
  };
}

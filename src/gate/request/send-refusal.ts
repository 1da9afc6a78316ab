import type { AgentStream } from "../agent-stream.ts";
import type { HeaderField } from "../http1/header-list.ts";
import { isPassing, type RefusalAnswer } from "./refusal.ts";

/** Answers a request with its refusal. */
export function sendRefusal(stream: AgentStream, answer: RefusalAnswer, rule: string): void {
  const body = Buffer.from(answer.text, "utf8");
  stream.sendHead({
    status: answer.status,
    reason: "Refused by caisson",
    headers: [
      field("content-type", answer.contentType),
      field("x-caisson-rule", rule),
      // What the clients of the model APIs look at before they try again.
      field("x-should-retry", isPassing(rule) ? "true" : "false"),
    ],
    length: body.length,
  });
  if (stream.request.method !== "HEAD") stream.sendBody(body);
  stream.end();
}

const field = (raw: string, value: string): HeaderField => ({ name: raw, raw, value });

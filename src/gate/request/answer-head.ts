import type { AnswerHead } from "../agent-stream.ts";
import { firstValue } from "../http1/header-list.ts";
import type { ResponseHead } from "../http1/parse-head.ts";
import type { Masker } from "../scan/masker.ts";
import { answerCoding } from "./answer-body.ts";
import { answerHeaders } from "./answer-headers.ts";

/**
 * An upstream's head as the agent gets it, with echoed credentials blotted out; `coding` is what its body has to be unpacked
 * from. `length` is what the framing tells of the body. Pure.
 */
export function readAnswerHead(
  head: ResponseHead,
  length: number | undefined,
  { masker, isHead }: { readonly masker: Masker | undefined; readonly isHead: boolean },
): { readonly head: AnswerHead; readonly coding: string | undefined } | { readonly unreadable: string } {
  const coding = firstValue(head.headers, "content-encoding");
  const read = masker && length !== 0 ? answerCoding(coding) : "plain";
  if (typeof read !== "string") return read;
  const isUnpacked = read === "decoded";
  const headers = answerHeaders(head.headers, masker);
  return {
    coding: isUnpacked ? coding : undefined,
    head: {
      status: head.status,
      reason: masker ? masker.maskText(head.reason) : head.reason,
      headers: isUnpacked ? headers.filter(({ name }) => name !== "content-encoding") : headers,
      length: isUnpacked ? undefined : isHead ? statedLength(head) : length,
    },
  };
}

/** What an answer without a body says of the one that it would have had. */
function statedLength(head: ResponseHead): number | undefined {
  const length = firstValue(head.headers, "content-length");
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

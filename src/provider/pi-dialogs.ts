import type { Answer, Question } from "../spec/session.ts";
import { type StreamObject, textIn } from "./json-line-decoder.ts";
import { readAsking } from "./pi-asking.ts";

/** A dialog that an extension of pi's opens, as a question, and how its answer is told. */
interface PiDialog {
  readonly question: Question;
  /** The fields of the response. */
  responseTo(answer: Answer): object;
}

/** Reads a request of an extension's; undefined for what wants no answer. */
export function readPiDialog(request: StreamObject): PiDialog | undefined {
  const question = textIn(request, "id");
  const title = textIn(request, "title");
  const cancelled = { cancelled: true };
  const spoken = (answer: Answer) =>
    "option" in answer ? { value: answer.option } : "text" in answer ? { value: answer.text } : cancelled;
  switch (request.method) {
    case "select": {
      const asking = readAsking(title);
      if (asking) return { question: { question, ...asking }, responseTo: spoken };
      const labels = Array.isArray(request.options) ? request.options.filter((label) => typeof label === "string") : [];
      const options = labels.map((label) => ({ id: label, label, means: "other" as const }));
      return { question: { question, kind: "choice", title, options }, responseTo: spoken };
    }
    case "confirm": {
      const message = textIn(request, "message");
      const options: Question["options"] = [
        { id: "yes", label: "Yes", means: "allow" },
        { id: "no", label: "No", means: "deny" },
      ];
      return {
        question: { question, kind: "choice", title: message === "" ? title : `${title} ${message}`, options },
        responseTo: (answer) => ("option" in answer ? { confirmed: answer.option === "yes" } : cancelled),
      };
    }
    case "input":
    case "editor": {
      const hint = textIn(request, "prefill") || textIn(request, "placeholder");
      const input = hint === "" ? {} : { input: hint };
      return { question: { question, kind: "text", title, ...input, options: [] }, responseTo: spoken };
    }
    default:
      return undefined;
  }
}

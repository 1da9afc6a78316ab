import type { Question, SessionCommand } from "../../spec/session.ts";

/** The answer that a typed line is: an option by its number, id or label (or how it begins), else the text itself. */
export function answerFor(
  { question, options }: Pick<Question, "question" | "options">,
  line: string,
): Extract<SessionCommand, { type: "answer" }> {
  const typed = line.trim().toLowerCase();
  const found =
    options.find(({ id }) => id.toLowerCase() === typed) ??
    options[/^\d+$/.test(typed) ? Number(typed) - 1 : -1] ??
    options.find(({ label }) => label.toLowerCase() === typed) ??
    only(options.filter(({ id, label }) => [id, label].some((word) => word.toLowerCase().startsWith(typed))));
  return { type: "answer", question, answer: found ? { option: found.id } : { text: line } };
}

const only = <T>(list: readonly T[]): T | undefined => (list.length === 1 ? list[0] : undefined);

import * as z from "zod";
import { thinkingLevels } from "./thinking-levels.ts";

/** How hard the model thinks before it answers; each provider maps those that it knows and refuses the others. */
export const ThinkingLevel = z.enum(thinkingLevels);
export type ThinkingLevel = z.output<typeof ThinkingLevel>;

/** What a person says to a question: one of its options, a text where it asks for one, or nothing at all. */
export const Answer = z.union([
  z.strictObject({ option: z.string() }),
  z.strictObject({ text: z.string() }),
  z.strictObject({ cancelled: z.literal(true) }),
]);
export type Answer = z.output<typeof Answer>;

/** What may be said to a session while it lives. */
export const SessionCommand = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("prompt"), text: z.string().min(1) }).meta({
    description: "Begins a turn; while one goes on it is the same as steer",
  }),
  z.strictObject({ type: z.literal("steer"), text: z.string().min(1) }).meta({
    description: "Reaches the model within the turn that goes on, after the tool calls that run",
  }),
  z.strictObject({ type: z.literal("follow_up"), text: z.string().min(1) }).meta({
    description: "Is the next prompt, once the turn that goes on is over",
  }),
  z.strictObject({ type: z.literal("abort") }).meta({
    description: "Ends the turn that goes on, and drops what waited for its end",
  }),
  z.strictObject({ type: z.literal("answer"), question: z.string(), answer: Answer }),
  z.strictObject({ type: z.literal("set_model"), model: z.string().min(1) }),
  z.strictObject({ type: z.literal("set_thinking"), level: ThinkingLevel }),
  z.strictObject({ type: z.literal("compact") }).meta({ description: "Sums the conversation up, to make room" }),
]);
export type SessionCommand = z.output<typeof SessionCommand>;

/** A question that an agent's CLI asks a person. `permission`: may a tool be used? */
export const Question = z.object({
  question: z.string().meta({ description: "Names it, for an answer" }),
  kind: z
    .enum(["permission", "choice", "text"])
    .meta({ description: "May a tool be used, which of its options, or what in words" }),
  title: z.string().meta({ description: "What is asked" }),
  tool: z.string().optional().meta({ description: "The tool that is to be used" }),
  input: z.unknown().optional().meta({ description: "What the tool would get; of a text, what stands there now" }),
  options: z
    .array(
      z.object({
        id: z.string(),
        label: z.string(),
        means: z.enum(["allow", "allow_always", "deny", "deny_always", "other"]),
      }),
    )
    .default([])
    .meta({ description: "What may be answered, and what each means" }),
});
export type Question = z.output<typeof Question>;

/** How a turn ended. `interrupted` = the sandbox or its keeper died in it; its prompt is not run again by itself. */
export const TurnEnd = z.enum(["completed", "aborted", "failed", "interrupted"]);
export type TurnEnd = z.output<typeof TurnEnd>;

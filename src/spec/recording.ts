import * as z from "zod";
import { Exchange } from "./gate-protocol.ts";
import { Name } from "./policy.ts";

/** First line of a recording. The rest are exchanges, one JSON object a line, in the order in which they were answered. */
export const RecordingHeader = z.strictObject({
  caisson: z.literal("recording"),
  version: z.literal(1),
  source: z.enum(["live", "scripted"]).meta({ description: "Whether a model answered, or a script of ours" }),
  provider: z.string(),
  cliVersion: z.string(),
  credentials: z
    .array(Name)
    .meta({ description: "What the CLI was signed in with, by name: a replay gives it the same placeholders" }),
  recordedAt: z.iso.datetime(),
});
export type RecordingHeader = z.output<typeof RecordingHeader>;
export const RecordingLine = z.union([RecordingHeader, Exchange]);

import * as z from "zod";
import { RunEnd } from "./events.ts";

/** A file of the workspace whose content the agent does not get: inside it is empty and read-only. */
const MaskedFile = z.object({
  path: z.string().meta({ description: "Relative to the workspace" }),
  why: z.string().meta({ description: "What it looks like; never a part of it" }),
});
export type MaskedFile = z.output<typeof MaskedFile>;

/** `metadata.json`: who, what, when. Rewritten whole (temporary file, then rename) when a field changes. */
export const Metadata = z.object({
  version: z.literal(1),
  slug: z.string(),
  engine: z.enum(["local", "docker", "podman"]),
  compose_project: z.string(),
  image: z.string().optional().meta({ description: "The agent's image, by the name that it was asked for (docker)" }),
  docker_host: z
    .string()
    .optional()
    .meta({ description: "The engine that made it: where it is undone, whoever undoes it" }),
  agent: z.string(),
  provider: z.string(),
  label: z.string().optional(),
  color: z.string().optional(),
  model: z.string().optional(),
  modelSource: z.enum(["live", "recorded", "replayed"]),
  workspace: z.object({ mode: z.enum(["mount", "none", "copy"]), dir: z.string().optional() }),
  masked: z.array(MaskedFile).optional().meta({ description: "Secrets of the workspace that the agent does not see" }),
  policyHash: z.string(),
  ports: z
    .array(z.object({ hostAddress: z.string(), hostPort: z.int(), port: z.int() }))
    .optional()
    .meta({ description: "Published ports, as they were opened" }),
  resumable: z
    .boolean()
    .optional()
    .meta({ description: "Its agent's conversation is kept: `caisson resume` goes on with it" }),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  end: RunEnd.optional(),
  exitCode: z.int().nullable().optional(),
  keeper: z.object({
    pid: z.int(),
    startTicks: z.string().meta({ description: "Start time from /proc: a reused pid is not taken for the keeper" }),
    bootId: z.string(),
  }),
});
export type Metadata = z.output<typeof Metadata>;

/** One line of `journal.jsonl`. An intent without a result is a step that may or may not have happened. */
export const JournalLine = z.object({
  ts: z.iso.datetime(),
  step: z.string(),
  phase: z.enum(["intent", "result", "undone", "undo_failed"]),
  data: z.record(z.string(), z.unknown()).default({}),
});
export type JournalLine = z.output<typeof JournalLine>;

/** One line of `gate/audit.jsonl`: `hash` = SHA-256 over the previous hash and this line's decision. */
export const AuditLine = z.object({
  n: z.int().positive(),
  prev: z.string(),
  hash: z.string(),
  decision: z.record(z.string(), z.unknown()),
});
export type AuditLine = z.output<typeof AuditLine>;

/** `audit-head.json`, kept by the keeper outside `gate/`: what `verify` holds the log against. */
export const AuditHead = z.object({ count: z.int().nonnegative(), hash: z.string() });
export type AuditHead = z.output<typeof AuditHead>;

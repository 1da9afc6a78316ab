import * as z from "zod";
import { refuseUnread } from "../../src/base/value-reader.ts";
import { RunEvent } from "../../src/spec/events.ts";
import { FromGate, ToGate } from "../../src/spec/gate-protocol.ts";
import { FromKeeper, LaunchRequest, ToKeeper } from "../../src/spec/keeper-protocol.ts";
import { Manifest, ManifestSandbox } from "../../src/spec/manifest.ts";
import { ManifestAgent } from "../../src/spec/manifest-agent.ts";
import { Policy } from "../../src/spec/policy.ts";
import { formats } from "../../src/spec/read-message.ts";
import { RecordingLine } from "../../src/spec/recording.ts";
import { AuditHead, AuditLine, JournalLine, Metadata } from "../../src/spec/state-files.ts";

type Sources = Readonly<Record<string, readonly [title: string, schema: z.ZodType]>>;

// What people write is described as it may be written (defaults may be left out), the rest likewise: a reader must accept both.
const sources: Sources = {
  "manifest.json": ["caisson.yaml", Manifest],
  "manifest-sandbox.json": ["sandboxes/NAME.yaml: one sandbox", ManifestSandbox],
  "manifest-agent.json": ["The keys of agents/NAME.md: one agent", ManifestAgent],
  "policy.json": ["policy.json: the resolved rules of one sandbox", Policy],
  "events.json": ["One line of events.jsonl", RunEvent],
  "gate-protocol.json": ["One line of the control channel between a keeper and its gate", z.union([ToGate, FromGate])],
  "keeper-protocol.json": ["One line of keeper.sock", z.union([ToKeeper, FromKeeper])],
  "launch-request.json": ["What a new keeper gets on its standard input", LaunchRequest],
  "metadata.json": ["metadata.json: who, what, when", Metadata],
  "journal.json": ["One line of journal.jsonl", JournalLine],
  "audit.json": ["One line of gate/audit.jsonl", AuditLine],
  "audit-head.json": ["audit-head.json: what caisson verify holds the audit log against", AuditHead],
  "recording.json": ["One line of a recording", RecordingLine],
};

/** The text of every file of `schema/`, by its name. */
export function renderSchemas(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(sources).map(([file, [title, schema]]) => {
      const rendered = z.toJSONSchema(schema, { io: "input" });
      return [file, `${JSON.stringify({ title, ...rendered }, null, 2)}\n`];
    }),
  );
}

// Read at run time where zod would be waited for: src/spec/read-message.ts.
const readAtRunTime = {
  "to-gate.json": ToGate,
  "to-keeper.json": ToKeeper,
  "journal-line.json": JournalLine,
  "metadata.json": Metadata,
};

/** The text of every file of `src/spec/generated/`, by its name. */
export function renderRunTimeSchemas(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(readAtRunTime).map(([file, zodSchema]) => {
      const schema = z.toJSONSchema(zodSchema, { io: "input" });
      refuseUnread(schema, Object.keys(formats));
      return [file, `${JSON.stringify(schema)}\n`];
    }),
  );
}

import { createValueReader, type TextFormats, type ValueSchema } from "../base/value-reader.ts";
import type { ToGate } from "./gate-protocol.ts";
import journalLine from "./generated/journal-line.json" with { type: "json" };
import metadata from "./generated/metadata.json" with { type: "json" };
import toGate from "./generated/to-gate.json" with { type: "json" };
import toKeeper from "./generated/to-keeper.json" with { type: "json" };
import { hostPatternProblem } from "./host-pattern.ts";
import type { ToKeeper } from "./keeper-protocol.ts";
import type { JournalLine, Metadata } from "./state-files.ts";

// What a launch waits for is read by the schemas' JSON, which `npm run generate` writes from the zod schemas beside this file.

/** Checks of texts for which a schema has no pattern. */
export const formats: TextFormats = {
  "host-pattern": (text) => hostPatternProblem(text) === undefined,
  uri: (text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""),
};

const readerOf = <T>(schema: ValueSchema) =>
  createValueReader(schema, formats) as (value: unknown) => { readonly value: T } | { readonly problem: string };

/** Reads one line that a gate was sent. */
export const readToGate = readerOf<ToGate>(toGate);

/** Reads one line that a keeper was sent. */
export const readToKeeper = readerOf<ToKeeper>(toKeeper);

/** Reads one line of a journal. */
export const readJournalLine = readerOf<JournalLine>(journalLine);

/** Reads the metadata of a sandbox. */
export const readMetadata = readerOf<Metadata>(metadata);

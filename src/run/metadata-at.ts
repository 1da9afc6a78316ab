import { readFileSync } from "node:fs";
import { readMetadata } from "../spec/read-message.ts";
import type { Metadata } from "../spec/state-files.ts";

/** The metadata in a file; undefined where there is none that can be read. Never throws. */
export function metadataAt(path: string): Metadata | undefined {
  try {
    const read = readMetadata(JSON.parse(readFileSync(path, "utf8")));
    return "value" in read ? read.value : undefined;
  } catch {
    return undefined;
  }
}

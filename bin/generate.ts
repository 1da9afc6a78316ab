// Writes schema/*.json, src/spec/generated/*.json, docs/errors.md, docs/commands.md and docs/events.md anew; test/unit/generated-files.test.ts fails while they are stale.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { renderGeneratedFiles } from "./generate/generated-files.ts";

const root = resolve(import.meta.dirname, "..");

for (const [path, text] of Object.entries(await renderGeneratedFiles())) {
  mkdirSync(dirname(resolve(root, path)), { recursive: true });
  writeFileSync(resolve(root, path), text);
}

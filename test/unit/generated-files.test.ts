import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { renderGeneratedFiles } from "../../bin/generate/generated-files.ts";

const root = resolve(import.meta.dirname, "../..");
const files = await renderGeneratedFiles();

it.each(Object.keys(files))("%s is as `npm run generate` writes it", (path) => {
  expect(readFileSync(resolve(root, path), "utf8")).toBe(files[path]);
});

it("schema/ holds nothing else", () => {
  const generated = Object.keys(files).filter((path) => path.startsWith("schema/"));
  expect(
    readdirSync(resolve(root, "schema"))
      .map((name) => `schema/${name}`)
      .sort(),
  ).toEqual(generated.sort());
});

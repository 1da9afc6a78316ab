// Bundles Caisson's programs into dist/: a start from there loads one file instead of a hundred.
import { resolve } from "node:path";
import { buildAll } from "./build-programs.ts";

await buildAll(resolve(import.meta.dirname, ".."));

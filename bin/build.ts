// Bundles Caisson's programs into dist/: a start from there loads one file instead of a hundred.
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildPrograms, compileProgram, programs } from "./build-programs.ts";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");
const stamp = join(dist, ".stamp");
// Taken before the build: a source saved meanwhile is newer.
const startedAt = new Date();
rmSync(stamp, { force: true });
mkdirSync(dist, { recursive: true });
for (const file of readdirSync(dist)) rmSync(join(dist, file), { recursive: true });
await buildPrograms({ root, outdir: dist, entryPoints: programs });
compileProgram(dist, "gate");
writeFileSync(stamp, "");
utimesSync(stamp, startedAt, startedAt);

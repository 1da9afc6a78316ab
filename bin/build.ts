// Bundles Caisson's programs into dist/: a start from there loads one file instead of a hundred.
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BuildOptions, build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");

// One file of the older module format for each: Node starts it in half the time, for it neither links modules nor wraps its
// own ones. What a program loads late stays a function in the file until then.
const programs = {
  cli: "src/cli/main.ts",
  keeper: "src/run/keeper-main.ts",
  gate: "src/gate/main.ts",
  listener: "src/sandbox/local/listener-main.ts",
};
const options: BuildOptions = {
  absWorkingDir: root,
  entryPoints: programs,
  outdir: dist,
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  define: { "import.meta.dirname": "__dirname", "import.meta.filename": "__filename" },
  minifySyntax: true,
  minifyWhitespace: true,
  // Has a native part.
  external: ["@lydell/node-pty"],
  logLevel: "warning",
};

const stamp = join(dist, ".stamp");
// Taken before the build: a source saved meanwhile is newer.
const startedAt = new Date();
rmSync(stamp, { force: true });
mkdirSync(dist, { recursive: true });
for (const file of readdirSync(dist)) rmSync(join(dist, file), { recursive: true });
await build(options);
writeFileSync(stamp, "");
utimesSync(stamp, startedAt, startedAt);

// Bundles Caisson's programs into dist/: a start from there loads one file instead of a hundred.
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type BuildOptions, build } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  minifySyntax: true,
  minifyWhitespace: true,
  // Has a native part.
  external: ["@lydell/node-pty"],
  // Packages written for require() ask for Node's own modules by it.
  banner: {
    js: 'import { createRequire as createRequireOfBundle } from "node:module";const require = createRequireOfBundle(import.meta.url);',
  },
  logLevel: "warning",
};

// The gate and the listener run where nothing else of ours is: one file each.
const alone = {
  keeper: "src/run/keeper-main.ts",
  gate: "src/gate/main.ts",
  listener: "src/sandbox/local/listener-main.ts",
};

const stamp = join(dist, ".stamp");
// Taken before the build: a source saved meanwhile is newer.
const startedAt = new Date();
rmSync(stamp, { force: true });
mkdirSync(dist, { recursive: true });
for (const file of readdirSync(dist)) rmSync(join(dist, file), { recursive: true });
await Promise.all([
  build({
    ...common,
    entryPoints: { cli: "src/cli/main.ts" },
    splitting: true,
    chunkNames: "cli-[name]-[hash]",
    outdir: dist,
  }),
  ...Object.entries(alone)
    .filter(([, source]) => existsSync(join(root, source)))
    .map(([name, source]) => build({ ...common, entryPoints: { [name]: source }, outdir: dist })),
]);
writeFileSync(stamp, "");
utimesSync(stamp, startedAt, startedAt);

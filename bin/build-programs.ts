import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { wrapBundle } from "../src/host/wrap-bundle.ts";

/** The programs that a caisson consists of, by the name of their bundle. */
export const programs = {
  cli: "src/cli/main.ts",
  spare: "src/cli/spare-main.ts",
  keeper: "src/run/keeper-main.ts",
  gate: "src/gate/main.ts",
  listener: "src/sandbox/local/listener-main.ts",
  dialer: "src/sandbox/local/dialer-main.ts",
  detector: "src/sandbox/workspace/secrets/detector-main.ts",
} as const;

/** Builds `dist/` of a checkout whole, and stamps it: `bin/caisson` takes what has a stamp and is newer than its sources. */
export async function buildAll(root: string): Promise<void> {
  const dist = join(root, "dist");
  const stamp = join(dist, ".stamp");
  rmSync(stamp, { force: true });
  mkdirSync(dist, { recursive: true });
  for (const file of readdirSync(dist)) rmSync(join(dist, file), { recursive: true });
  // As old as the build's beginning, by the clock that files get their times from: a source saved meanwhile is newer.
  const draft = join(dist, ".stamp.draft");
  writeFileSync(draft, "");
  await buildPrograms({ root, outdir: dist, entryPoints: programs });
  compileProgram(dist, "gate");
  renameSync(draft, stamp);
}

/**
 * Bundles programs into a folder. One file of the older module format for each: Node starts it in half the time, for it
 * neither links modules nor wraps its own ones. What a program loads late stays a function in the file until then.
 */
export async function buildPrograms(options: {
  readonly root: string;
  readonly outdir: string;
  readonly entryPoints: Readonly<Record<string, string>>;
}): Promise<void> {
  const { root, outdir, entryPoints } = options;
  await build({ ...settings, absWorkingDir: root, entryPoints: { ...entryPoints }, outdir });
  const bundles = Object.keys(entryPoints).map((name) => {
    const text = readFileSync(join(outdir, `${name}.cjs`), "latin1");
    const id = createHash("sha256").update(text, "latin1").digest("hex").slice(0, 16);
    return [name, { id, length: text.length }];
  });
  const define = { ...settings.define, BUNDLES: JSON.stringify(Object.fromEntries(bundles)) };
  const start = "src/host/start-main.ts";
  await build({ ...settings, define, absWorkingDir: root, entryPoints: { start }, outdir });
}

/**
 * Compiles a built program for later starts (`src/host/start-main.ts`), all of it: for one that is started where nothing that it
 * learns could be kept. Worth it for small programs: what is never called is loaded, too.
 */
function compileProgram(outdir: string, name: keyof typeof programs): void {
  const file = join(outdir, `${name}.cjs`);
  setFlagsFromString("--no-lazy");
  const script = new Script(wrapBundle(readFileSync(file, "latin1")), { filename: file });
  // What is kept names the flags that it was compiled with: those of every start.
  setFlagsFromString("--lazy");
  writeFileSync(`${file}.code`, script.createCachedData());
}

/** The bundle of one program as text, the same as `buildPrograms` writes. */
export async function bundleText(root: string, name: keyof typeof programs): Promise<string> {
  const entryPoints = { [name]: programs[name] };
  const { outputFiles } = await build({ ...settings, absWorkingDir: root, entryPoints, outdir: "/", write: false });
  return outputFiles[0]?.text ?? "";
}

/**
 * The Docker client's ways that nobody here goes: over SSH, and BuildKit's own protocol. They are two megabytes and partly
 * native; what would use them is refused before (`readDockerEndpoint`).
 */
const withoutUnusedParts: Plugin = {
  name: "without-unused-parts",
  setup({ onResolve, onLoad }) {
    const filter = /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs)$/;
    onResolve({ filter }, ({ path }) => ({ path, namespace: "unused" }));
    onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** The Docker client loads HTTPS, and TLS with it, whether its engine is far away or, as where sandboxes are made, a socket. */
const httpsWhenAsked: Plugin = {
  name: "https-when-asked",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^https$/ }, ({ importer }) =>
      importer.endsWith("/docker-modem/lib/http.js") ? { path: "https", namespace: "late" } : undefined,
    );
    const contents = 'module.exports = new Proxy({}, { get: (_, name) => require("node:https")[name] });';
    onLoad({ filter: /.*/, namespace: "late" }, () => ({ contents }));
  },
};

const settings: BuildOptions = {
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  target: "node24",
  // Late imports of Node's own and of packages with native parts become `require`: compiled code that is kept knows no loader.
  supported: { "dynamic-import": false },
  format: "cjs",
  define: { "import.meta.dirname": "__dirname", "import.meta.filename": "__filename" },
  minifySyntax: true,
  minifyWhitespace: true,
  // They have native parts.
  external: ["@lydell/node-pty", "@napi-rs/keyring"],
  plugins: [withoutUnusedParts, httpsWhenAsked],
  logLevel: "warning",
};

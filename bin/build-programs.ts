import { type BuildOptions, build, type Plugin } from "esbuild";

/** The programs that a caisson consists of, by the name of their bundle. */
export const programs = {
  cli: "src/cli/main.ts",
  keeper: "src/run/keeper-main.ts",
  gate: "src/gate/main.ts",
  listener: "src/sandbox/local/listener-main.ts",
  dialer: "src/sandbox/local/dialer-main.ts",
  detector: "src/sandbox/workspace/secrets/detector-main.ts",
} as const;

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

const settings: BuildOptions = {
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  define: { "import.meta.dirname": "__dirname", "import.meta.filename": "__filename" },
  minifySyntax: true,
  minifyWhitespace: true,
  // They have native parts.
  external: ["@lydell/node-pty", "@napi-rs/keyring"],
  plugins: [withoutUnusedParts],
  logLevel: "warning",
};

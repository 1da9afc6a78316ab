import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** Programs of ours that run as processes of their own. */
export type EntryPoint = "cli" | "keeper" | "gate" | "listener" | "dialer" | "detector";

const sources: Readonly<Record<EntryPoint, string>> = {
  cli: "src/cli/main.ts",
  keeper: "src/run/keeper-main.ts",
  gate: "src/gate/main.ts",
  listener: "src/sandbox/local/listener-main.ts",
  dialer: "src/sandbox/local/dialer-main.ts",
  detector: "src/sandbox/workspace/secrets/detector-main.ts",
};

/** Caisson's own folder: where its package.json lies, whether this code runs from `src/` or from a bundle in `dist/`. */
export function projectRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** The file to give to Node to start a program: bundled where this code is, else its source. */
export function entryPoint(name: EntryPoint): string {
  const isSource = import.meta.filename.endsWith(".ts");
  return join(projectRoot(), isSource ? sources[name] : `dist/${name}.cjs`);
}

/** What to give to Node to start a program: where bundles were built whole, with the code that earlier starts compiled. */
export function startArguments(name: EntryPoint): readonly string[] {
  const file = entryPoint(name);
  const start = join(dirname(file), "start.cjs");
  return file.endsWith(".cjs") && existsSync(start) ? [start, name] : [file];
}

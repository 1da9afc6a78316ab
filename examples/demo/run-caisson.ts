import { spawn } from "node:child_process";
import { dirname, resolve } from "node:path";

const caisson = resolve(import.meta.dirname, "../../bin/caisson");

/** Runs a caisson command in a folder; with `quiet` its standard output is returned instead of shown. */
export async function runCaisson(
  dir: string,
  args: readonly string[],
  options: { readonly quiet?: boolean; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly code: number | null; readonly output: string }> {
  // The Node that runs this first: the recorded tools ran with it too.
  const PATH = `${dirname(process.execPath)}:${process.env.PATH ?? ""}`;
  const child = spawn(caisson, args, {
    cwd: dir,
    env: { ...process.env, PATH, ...options.environment },
    stdio: ["ignore", options.quiet ? "pipe" : "inherit", options.quiet ? "ignore" : "inherit"],
  });
  let output = "";
  child.stdout?.on("data", (bytes: Buffer) => {
    output += bytes.toString();
  });
  const code = await new Promise<number | null>((done, fail) => child.on("close", done).on("error", fail));
  return { code, output };
}

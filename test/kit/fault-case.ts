import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildPrograms, programs } from "../../bin/build-programs.ts";
import type { FaultReport, KillPoint } from "../fixtures/faults/kill-point.ts";

/** A caisson whose keeper kills at one line of its journal; all else is the real one. */
export interface FaultyCaisson extends Disposable {
  run(point: KillPoint): Promise<FaultReport>;
}

/** Bundles a caisson with the killing keeper in the place of the real one. */
export async function buildFaultyCaisson(): Promise<FaultyCaisson> {
  const root = resolve(import.meta.dirname, "../..");
  const folder = mkdtempSync(join(tmpdir(), "cf-"));
  writeFileSync(join(folder, "package.json"), "{}");
  const keeper = "test/fixtures/faults/killing-keeper.ts";
  const one = "test/fixtures/faults/run-fault-case.ts";
  await buildPrograms({ root, outdir: join(folder, "dist"), entryPoints: { ...programs, keeper } });
  return {
    run: (point) => runCase(folder, join(root, one), point),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function runCase(folder: string, program: string, point: KillPoint): Promise<FaultReport> {
  const root = mkdtempSync(join(tmpdir(), "fc-"));
  const isRoot = process.geteuid?.() === 0;
  // A process namespace of its own, in which whatever is left can be seen, and which ends whatever is left.
  const confine = [
    ...(isRoot ? [] : ["--user", "--map-current-user"]),
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
  ];
  const args = [...confine, "--", process.execPath, program];
  try {
    const child = spawn("unshare", [...args, root, join(folder, "dist/cli.cjs"), JSON.stringify(point)], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: join(homedir(), ".cache/caisson/compile") },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
    const code = await new Promise((fulfil, reject) => {
      child.once("error", reject);
      child.once("close", fulfil);
    });
    if (code !== 0) throw new Error(`the case itself failed with ${code}:\n${stderr}`);
    return JSON.parse(stdout) as FaultReport;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

import { spawn } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { buildPrograms, programs } from "../../bin/build-programs.ts";
import type { FaultReport, KillPoint } from "../fixtures/faults/kill-point.ts";

/** A caisson whose keeper kills at one line of its journal; all else is the real one. */
export interface FaultyCaisson extends Disposable {
  /** `ordinary`: as a user who is not root, whoever we are. */
  run(point: KillPoint, who?: "ordinary"): Promise<FaultReport>;
}

/** Bundles a caisson with the killing keeper in the place of the real one. */
export async function buildFaultyCaisson(): Promise<FaultyCaisson> {
  const root = resolve(import.meta.dirname, "../..");
  const folder = mkdtempSync(join(tmpdir(), "cf-"));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, "package.json"), "{}");
  const keeper = "test/fixtures/faults/killing-keeper.ts";
  const program = join(folder, "run-fault-case.mjs");
  await Promise.all([
    buildPrograms({ root, outdir: join(folder, "dist"), entryPoints: { ...programs, keeper } }),
    build({
      absWorkingDir: root,
      entryPoints: ["test/fixtures/faults/run-fault-case.ts"],
      outfile: program,
      bundle: true,
      platform: "node",
      format: "esm",
    }),
  ]);
  // A clone below root's home is closed to an ordinary user, Node with it.
  const node = join(folder, "node");
  copyFileSync(process.execPath, node);
  return {
    run: (point, who) => runCase({ folder, node, program }, point, who),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Any number will do: nobody has to be there by that name. */
const ordinaryUser = 54_321;

async function runCase(
  given: { readonly folder: string; readonly node: string; readonly program: string },
  point: KillPoint,
  who: "ordinary" | undefined,
): Promise<FaultReport> {
  const root = mkdtempSync(join(tmpdir(), "fc-"));
  const isRoot = process.geteuid?.() === 0;
  const becomesOrdinary = isRoot && who === "ordinary";
  if (becomesOrdinary) chownSync(root, ordinaryUser, ordinaryUser);
  const become = ["setpriv", `--reuid=${ordinaryUser}`, `--regid=${ordinaryUser}`, "--clear-groups"];
  // A process namespace of its own, in which whatever is left can be seen, and which ends whatever is left.
  const confine = ["--pid", "--fork", "--kill-child", "--mount-proc"];
  const user = isRoot && !becomesOrdinary ? [] : ["--user", "--map-current-user"];
  const [program = "", ...args] = [
    ...(becomesOrdinary ? become : []),
    ...["unshare", ...user, ...confine, "--"],
    ...[given.node, given.program, root, join(given.folder, "dist/cli.cjs"), JSON.stringify(point)],
  ];
  // Compiled code of another user is not taken.
  const cache = becomesOrdinary ? {} : { NODE_COMPILE_CACHE: join(homedir(), ".cache/caisson/compile") };
  try {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env.PATH, ...cache },
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

// `npm test`: makes this machine ready for the tests, runs all of them, and closes with one line that sums what really ran.
// A test that was skipped, and a project without tests, is a failure: what guards the sandbox must not go missing unseen.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { addUp, type Counts, countVitest, nothing, whatFailed } from "./run-all/count-results.ts";

const root = resolve(import.meta.dirname, "..");
const results = mkdtempSync(join(tmpdir(), "caisson-results-"));

/** The projects of vitest.config.ts, with the longest that each may take, in minutes. */
const projects = { unit: 5, parts: 15, e2e: 25, attacks: 40, docker: 40 };
/**
 * What goes on side by side: attacks and docker's tests wait half of their time, have engines of their own, and share nothing.
 * The others keep two workers busy each.
 */
const rounds = [["unit"], ["parts"], ["e2e"], ["attacks", "docker"]] as const;
/** Longest for all of it: whoever waits an hour for us is to see the closing line. */
const deadline = performance.now() + 56 * 60_000;
const checks = ["lint", "types", "dead"];
/** Told once more at the end: whoever sees only the last lines is to know what to mend. */
const failures: string[] = [];

const setup = await run("make ready", [join(root, "bin/caisson"), "doctor", "--fix", "--for", "tests"], 20);
if (!setup) {
  failures.push("make ready");
  finish({ ...nothing, failed: 1 });
}
const counts: Counts[] = [await runCheck("build", ["node", "bin/build.ts"])];
for (const name of checks) counts.push(await runCheck(name, ["npm", "run", "-s", name]));
for (const round of rounds) {
  counts.push(...(await Promise.all(round.map((project) => runProject(project, projects[project])))));
}
finish(addUp(counts));

async function runCheck(name: string, argv: readonly string[]): Promise<Counts> {
  if (await run(name, argv, 5)) return { ...nothing, passed: 1 };
  failures.push(name);
  return { ...nothing, failed: 1 };
}

async function runProject(project: string, minutes: number): Promise<Counts> {
  const file = join(results, `${project}.json`);
  const reporter = join(root, "test/run-all/tell-as-it-goes.ts");
  const reporters = [`--reporter=${reporter}`, "--reporter=json", `--outputFile.json=${file}`];
  const hasPassed = await run(project, ["vitest", "run", "--project", project, ...reporters], minutes);
  const report = readResults(file);
  const counts = countVitest(report);
  failures.push(...whatFailed(report));
  process.stdout.write(`${project}: ${JSON.stringify(counts)}\n`);
  // Something outside a test went wrong: an unhandled rejection, or the time was up.
  if (hasPassed || counts.failed > 0) return counts;
  failures.push(`${project}, outside its tests`);
  return { ...counts, failed: 1 };
}

function readResults(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Runs one step with our output; whether it ended well and in time. */
function run(name: string, argv: readonly string[], minutes: number): Promise<boolean> {
  process.stdout.write(`\n== ${name}\n`);
  const [file = "", ...args] = argv;
  return new Promise((fulfil) => {
    // A group of its own, so that what hangs goes with all that it started.
    const child = spawn(file, args, { cwd: root, stdio: "inherit", detached: true });
    const milliseconds = Math.max(0, Math.min(minutes * 60_000, deadline - performance.now()));
    const timer = setTimeout(() => {
      process.stdout.write(`${name} took over ${Math.round(milliseconds / 60_000)} minutes\n`);
      process.kill(-(child.pid ?? 0), "SIGKILL");
    }, milliseconds);
    const end = (isGood: boolean) => {
      clearTimeout(timer);
      fulfil(isGood);
    };
    child.on("error", () => end(false));
    child.on("exit", (exitCode) => end(exitCode === 0));
  });
}

function finish({ passed, failed, skipped }: Counts): never {
  const isGood = failed + skipped === 0;
  if (isGood) rmSync(results, { recursive: true, force: true });
  else process.stdout.write(`\n${failures.map((name) => `not passed: ${name}\n`).join("")}each in full: ${results}\n`);
  process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  process.exit(isGood ? 0 : 1);
}

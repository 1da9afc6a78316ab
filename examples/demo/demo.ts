import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { makeWorkspace } from "./make-workspace.ts";
import { demoPrompt } from "./prompt.ts";
import { runCaisson } from "./run-caisson.ts";
import { tellEvents } from "./tell-events.ts";

// npm run demo: a real Claude Code in a real sandbox behind the real gate; its model is replayed, so it needs no key.
// npm run demo -- --engine docker: the same on that engine.
// npm run demo -- --live: the same with your key or token and the live model. --keep leaves the folder that it worked in.

const isLive = process.argv.includes("--live");
const isKept = process.argv.includes("--keep");
const engineAt = process.argv.indexOf("--engine");
const engine = engineAt < 0 ? [] : process.argv.slice(engineAt, engineAt + 2);
const label = `demo-${randomBytes(3).toString("hex")}`;
const recording = join(import.meta.dirname, "demo.replay.jsonl");

const workspace = makeWorkspace();
// In a container no agent works as root, and root's folder is not another user's to change.
if (engine[1] === "docker" && process.getuid?.() === 0) execFileSync("chown", ["-R", "1000:1000", workspace]);
console.log(`  demo       a copy of examples/demo/project in ${workspace}`);
console.log(`  prompt     ${demoPrompt}`);
const replay = isLive ? [] : ["--replay", recording];
const run = await runCaisson(workspace, ["run", ...engine, "--label", label, ...replay, "claude-code", demoPrompt]);

const events = await runCaisson(workspace, ["logs", "--events", label], { quiet: true });
if (events.code === 0) await tellRun(events.output);
else process.exitCode = run.code ?? 1; // It never started, and has said why.
if (isKept) console.log(`  kept       ${workspace}`);
else rmSync(workspace, { recursive: true });

async function tellRun(text: string): Promise<void> {
  const { isCompleted, refusals, lines } = tellEvents(text);
  const changed = execFileSync("git", ["-c", "safe.directory=*", "-C", workspace, "diff", "--numstat"], {
    encoding: "utf8",
  }).trim();
  // What the agent wrote is run where it can do no harm: sealed, too.
  const tests = await runCaisson(workspace, ["run", ...engine, "--", "node", "--test"], { quiet: true });
  const audit = await runCaisson(workspace, ["verify", label], { quiet: true });
  const files = changed.replaceAll(/^(\d+)\t(\d+)\t(.*)$/gm, "$3 (+$1 -$2)").replaceAll("\n", ", ");
  const told: readonly (readonly [string, string])[] = [
    ["run", isCompleted ? "completed" : `ended with ${run.code}`],
    ...lines,
    ["changed", files || "nothing"],
    ["tests", tests.code === 0 ? "pass (run again, in a sandbox of their own)" : `fail (${tests.code})`],
    ["audit", audit.code === 0 ? "every decision of the gate is there, unaltered" : "does not verify"],
  ];
  console.log("\n  What happened, from the run's events:");
  for (const [name, said] of told) console.log(`  ${name.padEnd(10)} ${said}`);
  const isAsRecorded = changed !== "" && tests.code === 0 && refusals > 0;
  process.exitCode = run.code === 0 && audit.code === 0 && (isLive || isAsRecorded) ? 0 : 1;
}

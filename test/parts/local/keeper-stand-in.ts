import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { localDefences } from "../../../src/sandbox/local/defences.ts";
import { createLocalEngine } from "../../../src/sandbox/local/local-engine.ts";
import { localHost, testPlan } from "./local-kit.ts";

// Stands in for a keeper: makes a sandbox, starts a process that detaches itself in it, writes the facts that a journal
// would hold, and lives until it is killed.
const [stateDir = ""] = process.argv.slice(2);
const record = (facts: object) => appendFileSync(join(stateDir, "facts.jsonl"), `${JSON.stringify(facts)}\n`);
const engine = createLocalEngine({ host: localHost(), defences: localDefences });
const prepared = await engine.prepare(testPlan(stateDir), { mounts: [] }, record);
record(prepared.facts);
const script = "trap '' TERM HUP INT; setsid sh -c 'trap \"\" TERM HUP INT; echo detached; sleep 1000' & sleep 1000";
const running = await prepared.sandbox.exec({ argv: ["/bin/sh", "-c", script] });
running.onOutput((_, bytes) => void process.stdout.write(bytes));
setInterval(() => {}, 1000);

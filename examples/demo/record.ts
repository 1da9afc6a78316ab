import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startModelEndpoint } from "../../test/kit/model-endpoint.ts";
import { makeWorkspace } from "./make-workspace.ts";
import { demoPrompt } from "./prompt.ts";
import { runCaisson } from "./run-caisson.ts";
import { demoTurns } from "./turns.ts";

// Makes demo.replay.jsonl: the real Claude Code in a real sandbox, its model a script (turns.ts) on loopback. Run it again
// when the CLI's version, the prompt or the turns change: node examples/demo/record.ts

const target = join(import.meta.dirname, "demo.replay.jsonl");
const workspace = makeWorkspace();
const scratch = mkdtempSync(join(tmpdir(), "caisson-demo-record-"));
const recording = join(scratch, "recording.jsonl");
const manifest = join(scratch, "caisson.yaml");
await using endpoint = await startModelEndpoint({ turns: demoTurns });
writeFileSync(
  manifest,
  `providers:\n  claude-code:\n    upstream: ${endpoint.url}\n    allowAddresses: [127.0.0.1/32]\n`,
);
const { code } = await runCaisson(
  workspace,
  ["run", "--manifest", manifest, "--record", recording, "claude-code", demoPrompt],
  { environment: { ANTHROPIC_API_KEY: "sk-ant-api03-a-script-needs-no-key", CLAUDE_CODE_OAUTH_TOKEN: "" } },
);
if (code !== 0) throw new Error(`caisson run ended with ${code}`);
// The keeper takes any model for a live one; we know better.
const [header = "", ...exchanges] = readFileSync(recording, "utf8").split("\n");
writeFileSync(recording, [JSON.stringify({ ...JSON.parse(header), source: "scripted" }), ...exchanges].join("\n"));
renameSync(recording, target);
rmSync(scratch, { recursive: true });
rmSync(workspace, { recursive: true });
console.log(`${target}: ${exchanges.length - 1} exchanges`);

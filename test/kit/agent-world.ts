import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunEvent } from "../../src/spec/events.ts";
import type { TestCli } from "./cli.ts";
import { type ModelEndpoint, type ModelEndpointOptions, startModelEndpoint } from "./model-endpoint.ts";
import type { ScriptedTurn } from "./model-endpoint-script.ts";
import { localTestEngine, type TestEngine } from "./test-engine.ts";

/** A tool-using task: look, change a file, look again, done. */
export const mendingTurns: readonly ScriptedTurn[] = [
  { text: "I will look.", tools: [{ use: "shell", command: "env; cat sum.js" }] },
  { text: "Mending.", tools: [{ use: "read", path: "{{workdir}}/sum.js" }] },
  { tools: [{ use: "edit", path: "{{workdir}}/sum.js", from: "a - b", to: "a + b" }] },
  { tools: [{ use: "shell", command: "cat sum.js; id -u" }] },
  { text: "Mended: a + b." },
];

/** Keys that only the world outside of a sandbox knows. */
export const realKeys = {
  ANTHROPIC_API_KEY: "sk-ant-api03-REAL-KEY-OF-THE-TEST-0123456789",
  CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-REAL-TOKEN-OF-THE-TEST-0123456789",
  OPENAI_API_KEY: "sk-proj-REAL-KEY-OF-THE-TEST-0123456789",
  CODEX_API_KEY: "sk-proj-REAL-CODEX-KEY-OF-THE-TEST-0123456789",
  COPILOT_GITHUB_TOKEN: "gho_REALTOKENOFTHETEST0123456789",
  COPILOT_PROVIDER_API_KEY: "sk-proj-REAL-PROVIDER-KEY-OF-THE-TEST-0123456789",
};

const agents = ["claude-code", "pi", "codex", "copilot", "opencode"];

/** A person with a folder to work in, and a model on loopback that a manifest puts in the vendors' place. */
export interface AgentWorld extends AsyncDisposable {
  readonly cli: TestCli;
  readonly endpoint: ModelEndpoint;
  readonly manifest: string;
  readonly workspace: string;
  /** Another folder with the same work in it. */
  newWorkspace(name: string): string;
  /** What lies in the folder after the work. */
  sumOf(workspace: string): string;
  /** The events of the run with this label. */
  events(label: string): Promise<readonly RunEvent[]>;
  /** A file of one sandbox's state. */
  stateFile(slug: string, name: string): string;
  /** Everything that the runs left on disk. */
  stateText(): string;
}

/** Makes a world whose model follows `turns`. */
export async function createAgentWorld(
  options: ModelEndpointOptions,
  engine: TestEngine = localTestEngine,
): Promise<AgentWorld> {
  const cli = engine.createCli();
  const endpoint = await startModelEndpoint({ ...options, place: engine.place });
  const manifest = join(cli.home, "test-manifest.yaml");
  const provider = `    upstream: ${endpoint.url}\n    allowAddresses: [${engine.place.cidr}]\n`;
  const settings = agents.map((name) => `  ${name}:\n${provider}`);
  writeFileSync(manifest, `providers:\n${settings.join("")}`);
  const fill = (dir: string) => {
    mkdirSync(dir, { recursive: true });
    const file = join(dir, "sum.js");
    writeFileSync(file, "export const sum = (a, b) => a - b;\n");
    // Whoever works in the workspace owns it.
    const { uid, gid } = statSync(cli.workspace);
    for (const path of [dir, file]) chownSync(path, uid, gid);
    return dir;
  };
  return {
    cli,
    endpoint,
    manifest,
    workspace: fill(cli.workspace),
    newWorkspace: (name) => fill(join(cli.home, name)),
    sumOf: (workspace) => readFileSync(join(workspace, "sum.js"), "utf8"),
    events: async (label) => (await cli.run(["logs", "--events", label])).jsonLines<RunEvent>(),
    stateFile: (slug, name) => readFileSync(join(cli.stateRoot, "sandboxes", slug, name), "utf8"),
    stateText: () =>
      execFileSync("grep", ["-rah", "", cli.stateRoot], { encoding: "utf8", maxBuffer: 256 * 1024 ** 2 }),
    async [Symbol.asyncDispose]() {
      await cli[Symbol.asyncDispose]();
      await endpoint[Symbol.asyncDispose]();
    },
  };
}

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { providers } from "../../src/provider/providers.ts";
import { createAgentWorld, mendingTurns, realKeys } from "../kit/agent-world.ts";
import { checkEvents } from "../kit/check-events.ts";
import type { ScriptedTurn } from "../kit/model-endpoint-script.ts";

const agents = [
  { agent: "claude-code", key: "ANTHROPIC_API_KEY" },
  { agent: "pi", key: "ANTHROPIC_API_KEY", model: "anthropic/claude-sonnet-4-5" },
  { agent: "codex", key: "OPENAI_API_KEY", model: "gpt-5.1" },
  { agent: "copilot", key: "COPILOT_PROVIDER_API_KEY", model: "gpt-4.1" },
  { agent: "opencode", key: "ANTHROPIC_API_KEY" },
] as const;
/** Waits inside until the run ends. */
const held: readonly ScriptedTurn[] = [{ text: "Waiting.", tools: [{ use: "shell", command: "sleep 600" }] }];
const namesOf = (events: readonly object[]) => events.map((event) => (event as { event: string }).event);

describe.each(agents)("the events of $agent", (row) => {
  const { agent, key } = row;
  const model = "model" in row ? ["--model", row.model] : [];
  const env = { [key]: realKeys[key] };

  it("are as the schema says, in pairs", async () => {
    await using world = await createAgentWorld({ turns: mendingTurns });
    const args = ["run", "--json", "--manifest", world.manifest, ...model, agent, "mend sum.js"];
    const run = await world.cli.run(args, { env });
    expect(run).toMatchObject({ exitCode: 0 });
    checkEvents(run.jsonLines());
    expect(namesOf(run.jsonLines())).toEqual(expect.arrayContaining(["tool_completed", "result_reported"]));
  });

  const sessions = providers[agent]?.session ? it : it.skip;
  sessions("are as the schema says in a session", async () => {
    await using world = await createAgentWorld({ turns: [...mendingTurns, { text: "Again." }] });
    const prompts = ["mend sum.js", "again"].map((text) => `${JSON.stringify({ type: "follow_up", text })}\n`);
    const args = ["run", "--session", "--json", "--manifest", world.manifest, ...model, agent];
    const run = await world.cli.run(args, { env, input: prompts.join("") });
    expect(run).toMatchObject({ exitCode: 0 });
    checkEvents(run.jsonLines());
    expect(namesOf(run.jsonLines()).filter((name) => name === "turn_completed")).toHaveLength(2);
  });
});

describe("the events of a run that is cut off", () => {
  const env = { ANTHROPIC_API_KEY: realKeys.ANTHROPIC_API_KEY };
  const model = ["--model", "anthropic/claude-sonnet-4-5"];

  it.each([
    ["one prompt, stopped", [], "stop"],
    ["a session, stopped", ["--session"], "stop"],
    ["one prompt, its keeper killed", [], "kill"],
    ["a session, its keeper killed", ["--session"], "kill"],
  ] as const)("are pairs all the same: %s", async (_, flags, how) => {
    await using world = await createAgentWorld({ turns: held });
    const { cli, manifest } = world;
    const args = ["run", ...flags, "--label", "cut", "--json", "--manifest", manifest, ...model, "pi", "wait"];
    const running = cli.start(args, { env });
    await running.seen('"tool_started"');
    const { slug } = (await cli.run(["inspect", "--json", "cut"])).json<{ slug: string }>();
    const folder = join(cli.stateRoot, "sandboxes", slug);
    if (how === "stop") await cli.run(["stop", slug]);
    else {
      const { keeper } = JSON.parse(readFileSync(join(folder, "metadata.json"), "utf8")) as { keeper: { pid: number } };
      process.kill(keeper.pid, "SIGKILL");
    }
    await running.ended;
    await cli.run(["cleanup"]); // Settles what died.
    const events = (await cli.run(["logs", "--events", slug])).jsonLines();
    checkEvents(events);
    expect(events).toContainEqual(expect.objectContaining({ event: "tool_completed", ok: false }));
    expect(events).toContainEqual(
      expect.objectContaining({ event: "run_completed", end: how === "stop" ? "stopped" : "interrupted" }),
    );
  });
});

it("a command's run tells what it prints as events", async () => {
  await using world = await createAgentWorld({ turns: [] });
  const run = await world.cli.run(["run", "--json", "--", "sh", "-c", "echo out; echo err >&2"]);
  checkEvents(run.jsonLines());
  expect(run.jsonLines()).toContainEqual(expect.objectContaining({ event: "output_produced", text: "out\n" }));
});

it("other commands print the fields that docs/json.md names", async () => {
  await using world = await createAgentWorld({ turns: [] });
  const { cli } = world;
  await cli.run(["run", "--label", "shapes", "--", "true"]);
  const page = readFileSync(resolve(import.meta.dirname, "../../docs/json.md"), "utf8");
  const row = (name: string) => page.split("\n").find((line) => line.startsWith(`| \`${name}\` |`)) ?? "";
  const schema = readFileSync(resolve(import.meta.dirname, "../../schema/metadata.json"), "utf8");
  const metadata = (JSON.parse(schema) as { properties: object }).properties;
  for (const name of ["verify", "inspect", "stop", "rm"]) {
    const printed = (await cli.run([name, "shapes", "--json"])).jsonLines();
    expect(printed).toHaveLength(1);
    const known = `${row(name)}${name === "inspect" ? row("ls") : ""}`;
    const fields = Object.keys(printed[0] ?? {}).filter((field) => name !== "inspect" || !(field in metadata));
    for (const field of fields) expect(known, `${name} prints ${field}`).toContain(`\`${field}\``);
  }
});

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/spec/events.ts";
import { createAgentWorld, realKeys } from "../kit/agent-world.ts";
import type { TestEngine } from "../kit/test-engine.ts";

const verdict = {
  type: "object",
  properties: { good: { type: "boolean" }, findings: { type: "array", items: { type: "string" } } },
  required: ["good", "findings"],
  additionalProperties: false,
};
const fits = { good: true, findings: ["counted twice"] };
const misfits = { good: "very", findings: [] };

const agents = [
  ["claude-code", "claude-haiku-4-5", "ANTHROPIC_API_KEY"],
  ["codex", "gpt-5.1", "OPENAI_API_KEY"],
  ["pi", "anthropic/claude-haiku-4-5", "ANTHROPIC_API_KEY"],
] as const;

const result = (events: readonly RunEvent[]) => events.find((event) => event.event === "result_reported");

/** Parameters of agents, and answers that have to fit a schema, on any engine. */
export function describeAnswers(engine: TestEngine): void {
  describe(`an output schema, ${engine.name}`, () => {
    it.each(agents)(
      "%s answers with a value that fits; it is told as one, and last on standard output",
      async (agent, model, key) => {
        await using world = await createAgentWorld({ turns: [{ answer: fits }, { text: "Done." }] }, engine);
        const { cli, manifest } = world;
        writeFileSync(join(cli.home, "verdict.json"), JSON.stringify(verdict));
        const args = ["run", "--label", "v", "--manifest", manifest, "--model", model, "--output-schema"];
        const run = await cli.run([...args, join(cli.home, "verdict.json"), agent, "judge"], {
          env: { [key]: realKeys[key] },
        });
        expect(run).toMatchObject({ exitCode: 0 });
        expect(JSON.parse(run.stdout.trim().split("\n").at(-1) ?? "")).toEqual(fits);
        expect(result(await world.events("v"))).toMatchObject({ ok: true, output: fits });
        // The CLI, or the model, was told what it has to fit.
        expect(world.endpoint.received.some(({ text }) => text.includes("findings"))).toBe(true);
      },
    );

    it.each(agents)(
      "%s ends with exit code 8 and the complaint when its answer does not fit",
      async (agent, model, key) => {
        const turns = Array.from({ length: 8 }, () => ({ text: JSON.stringify(misfits) }));
        await using world = await createAgentWorld({ turns }, engine);
        const { cli, manifest } = world;
        writeFileSync(join(cli.home, "verdict.json"), JSON.stringify(verdict));
        const args = ["run", "--label", "v", "--manifest", manifest, "--model", model, "--output-schema"];
        const run = await cli.run([...args, join(cli.home, "verdict.json"), agent, "judge"], {
          env: { [key]: realKeys[key] },
        });
        expect(run.exitCode).toBe(8);
        expect(run.stderr).toContain("does not fit the output schema: /good: must be boolean");
        const events = await world.events("v");
        expect(result(events)).toMatchObject({ ok: false });
        expect(result(events)).not.toHaveProperty("output");
        expect(events.find(({ event }) => event === "run_completed")).toMatchObject({ end: "failed", exitCode: 8 });
      },
    );

    it("holds a command's output against its agent's schema, and refuses a schema that is none before anything starts", async () => {
      await using cli = engine.createCli();
      const agent = (script: string) =>
        `---\nprovider: command\ncommand: [sh, -c, ${JSON.stringify(script)}]\noutput: { type: object, required: [n] }\n---\n`;
      const dir = join(cli.configDir, "agents");
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, "counts.md"), agent(`echo '{"n": 3}'`));
      writeFileSync(join(dir, "babbles.md"), agent("echo three"));
      writeFileSync(join(dir, "odd.md"), "---\nprovider: command\ncommand: [echo]\noutput: { type: objekt }\n---\n");
      expect(await cli.run(["run", "--label", "c", "counts"])).toMatchObject({ exitCode: 0, stdout: '{"n": 3}\n' });
      const events = (await cli.run(["logs", "--events", "c"])).jsonLines<RunEvent>();
      expect(result(events)).toMatchObject({ ok: true, output: { n: 3 } });
      expect(await cli.run(["run", "babbles"])).toMatchObject({
        exitCode: 8,
        stderr: expect.stringContaining("it is not JSON"),
      });
      const odd = await cli.run(["run", "odd"]);
      expect(odd).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining(`Cannot use JSON Schema (${dir}/odd.md:`),
      });
    });
  });

  describe(`parameters, ${engine.name}`, () => {
    const declared = `---
provider: claude-code
parameters:
  properties:
    ticket: { type: string, pattern: "^T-[0-9]+$" }
    depth: { type: integer, default: 2 }
    area: { type: string }
  required: [ticket]
---
Look at {{ticket}}, {{ depth }} levels deep. Leave {{other}}.
`;
    it("stand in instructions and prompt as {{name}}; what neither names is told as well", async () => {
      await using world = await createAgentWorld({ turns: [{ text: "Seen." }] }, engine);
      const { cli, manifest } = world;
      mkdirSync(join(cli.configDir, "agents"), { recursive: true });
      writeFileSync(join(cli.configDir, "agents/triage.md"), declared);
      const env = { ANTHROPIC_API_KEY: realKeys.ANTHROPIC_API_KEY };
      const args = ["run", "--manifest", manifest, "--param", "ticket=T-17", "--param", "area=tills"];
      expect(await cli.run([...args, "triage", "Begin with {{ticket}}."], { env })).toMatchObject({ exitCode: 0 });
      const told = world.endpoint.received.map(({ text }) => text).join("\n");
      expect(told).toContain("Look at T-17, 2 levels deep. Leave {{other}}.");
      expect(told).toContain("- area: tills");
      expect(told).toContain("Begin with T-17.");
    });

    it.each([
      [[], "it needs the parameter ticket"],
      [["ticket=17"], "ticket: must match pattern"],
      [["ticket=T-1", "depth=deep"], "depth: must be integer"],
      [["tiket=T-1"], 'there is no parameter "tiket" (did you mean "ticket"?)'],
    ])("%j fails before anything starts: %s", async (given, problem) => {
      await using cli = engine.createCli();
      mkdirSync(join(cli.configDir, "agents"), { recursive: true });
      writeFileSync(join(cli.configDir, "agents/triage.md"), declared);
      const env = { ANTHROPIC_API_KEY: realKeys.ANTHROPIC_API_KEY };
      const run = await cli.run(["run", ...given.flatMap((text) => ["--param", text]), "triage", "x"], { env });
      expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(problem) });
    });
  });
}

import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/spec/events.ts";
import { type AgentWorld, createAgentWorld, realKeys } from "../kit/agent-world.ts";
import { openLiveSession } from "../kit/live-session.ts";
import type { ScriptedTurn } from "../kit/model-endpoint-script.ts";
import type { TestEngine } from "../kit/test-engine.ts";

const env = { ANTHROPIC_API_KEY: realKeys.ANTHROPIC_API_KEY };
const asking: readonly ScriptedTurn[] = [
  { text: "May I?", tools: [{ use: "write", path: "{{workdir}}/asked.txt", text: "written\n" }] },
  { text: "So be it." },
  { text: "Again." },
];

/** What clients see of a session, whichever the provider: tried with one. */
export function describeSessionClients(engine: TestEngine): void {
  const newWorld = (turns: readonly ScriptedTurn[]) => createAgentWorld({ turns }, engine);
  const words = (world: AgentWorld, ...more: readonly string[]) => [
    ...["run", "--session", "--manifest", world.manifest, ...more, "claude-code"],
  ];

  describe(`the clients of a session, ${engine.name}`, () => {
    it("says each line of the input as a prompt after the turn before, and ends with the last turn's exit code", async () => {
      await using world = await newWorld([{ text: "One." }, { text: "Two." }]);
      const run = await world.cli.run(words(world, "--label", "lines"), { env, input: "first\n\nsecond\n" });
      expect(run).toMatchObject({ exitCode: 0, stdout: "One.\nTwo.\n" });
      const outcomes = (await world.events("lines")).filter(({ event }) => event === "turn_completed");
      expect(outcomes).toHaveLength(2);
    });

    it("shows all who are attached the same; the first answer counts, the second is told so", async () => {
      await using world = await newWorld(asking);
      const session = await openLiveSession(world, words(world, "--json", "--ask"), env);
      session.say({ type: "prompt", text: "write it" });
      const { question } = await session.next("question_asked");
      // It is attached late: what was said so far comes first.
      const other = world.cli.start(["attach", "--json", session.slug]);
      await other.seen('"question_asked"');
      const answers = await Promise.all(
        ["allow", "deny"].map((option) => world.cli.run(["send", session.slug, "--answer", `${question}=${option}`])),
      );
      expect(answers.map(({ exitCode }) => exitCode).sort()).toEqual([0, 2]);
      await session.next("turn_completed");
      other.stdin.write(`${JSON.stringify({ type: "prompt", text: "from the other" })}\n`);
      expect(await session.next("turn_completed")).toMatchObject({ text: "Again." });
      const { stdout } = await session.end();
      const told = (text: string) =>
        text
          .split("\n")
          .filter((line) => line.includes('"seq"'))
          .map((line) => (JSON.parse(line) as RunEvent).seq);
      expect(told((await other.ended).stdout)).toEqual(told(stdout));
    });

    it("outlives its terminal, and ends when it idles with nobody attached", async () => {
      await using world = await newWorld([{ text: "One." }, { text: "Two." }]);
      const idle = { ...env, CAISSON_IDLE: "3s" };
      const run = await world.cli.run([...words(world, "--detach", "--label", "idle"), "begin"], { env: idle });
      expect(run).toMatchObject({ exitCode: 0 });
      const slug = run.stdout.trim();
      // Nobody looks on: it ends by itself, and can be gone on with.
      for (;;) {
        const { state } = (await world.cli.run(["inspect", "--json", slug])).json<{ state: string }>();
        if (state === "ended") break;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      const events = await world.events("idle");
      expect(events).toContainEqual(expect.objectContaining({ event: "limit_reached", limit: "idle" }));
      const again = await world.cli.run(["resume", slug, "go on"], { env });
      expect(again).toMatchObject({ exitCode: 0, stdout: "Two.\n" });
    });

    it("begins anew where the agent had written nothing down, and tells it what was said before", async () => {
      await using world = await newWorld([{ text: "One." }, { text: "Two." }]);
      const run = await world.cli.run(words(world, "--label", "lost"), { env, input: "FIRST-WORDS\n" });
      expect(run).toMatchObject({ exitCode: 0 });
      const slug = readdirSync(join(world.cli.stateRoot, "sandboxes"))[0] ?? "";
      // As after a death that came before the first write.
      rmSync(join(world.cli.stateRoot, "sandboxes", slug, "conversation"), { recursive: true });
      const again = await world.cli.run(["resume", slug, "SECOND-WORDS"], { env });
      expect(again).toMatchObject({
        exitCode: 0,
        stdout: "One.\n",
        stderr: expect.stringContaining("a new one begins"),
      });
      const asked = JSON.parse(world.endpoint.received.filter(({ method }) => method === "POST").at(-1)?.text ?? "{}");
      expect(JSON.stringify(asked.messages)).toContain("SECOND-WORDS");
      expect(JSON.stringify(asked.system)).toContain("FIRST-WORDS");
      const opened = (await world.events("lost")).filter((event) => event.event === "conversation_opened");
      expect(opened.map(({ resumed }) => resumed)).toEqual([false, false]);
    });

    it("refuses what is no session, and an agent that holds none", async () => {
      await using world = await newWorld([{ text: "One." }]);
      const none = await world.cli.run(["run", "--session", "--", "true"]);
      expect(none).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining("cannot be held a conversation with"),
      });
      const plain = world.cli.start(["run", "--label", "plain", "--", "sleep", "600"]);
      await plain.seen("ready");
      const sent = await world.cli.run(["send", "plain", "hello"]);
      expect(sent).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("a run with one prompt") });
      const resumed = await world.cli.run(["resume", "plain"]);
      expect(resumed).toMatchObject({ exitCode: 7, stderr: expect.stringContaining("it is running") });
      await world.cli.run(["stop", "plain"]);
      const ended = await world.cli.run(["resume", "plain"]);
      expect(ended).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("no conversation of it is kept") });
      await plain.ended;
    });
  });
}

import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SessionAbilities } from "../../src/provider/provider.ts";
import { providers } from "../../src/provider/providers.ts";
import type { RunEvent } from "../../src/spec/events.ts";
import { thinkingLevels } from "../../src/spec/thinking-levels.ts";
import { type AgentWorld, createAgentWorld, mendingTurns, realKeys } from "../kit/agent-world.ts";
import { type LiveSession, openLiveSession } from "../kit/live-session.ts";
import type { ScriptedTurn } from "../kit/model-endpoint-script.ts";
import type { TestEngine } from "../kit/test-engine.ts";
import { type SessionCase, sessionCases } from "./session-cases.ts";

const abilitiesOf = (row: SessionCase): SessionAbilities => {
  const session = providers[row.provider ?? row.agent]?.session;
  if (!session) throw new Error(`${row.agent} has no session`);
  return session.abilities;
};
/** Requests of turns: a title for the session, or a summary, is asked for without tools. */
const posts = (world: AgentWorld) =>
  world.endpoint.received.filter(({ method, text }) => method === "POST" && /"tools":\s*\[\s*\{/.test(text));
const turns = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.event === "turn_completed" ? [event.outcome] : []));
/** Waits inside until the test says so by a file in the workspace. */
const held: ScriptedTurn = {
  text: "Waiting.",
  tools: [{ use: "shell", command: "for i in $(seq 600); do [ -e go ] && break; sleep 0.1; done; echo went" }],
};
const letGo = (world: AgentWorld) => writeFileSync(join(world.workspace, "go"), "");

async function untilAsked(world: AgentWorld, count: number): Promise<void> {
  while (posts(world).length < count) await new Promise((resolve) => setTimeout(resolve, 50));
}

/**
 * What a session of any provider has to be able to do, on any engine. The providers that are not tried whole do a turn, and
 * go on after a stop.
 */
export function describeSessions(engine: TestEngine, isTriedWhole = (_row: SessionCase) => true): void {
  describe.each(sessionCases)(`a session of $name, ${engine.name}`, (row) => {
    const abilities = abilitiesOf(row);
    const env = { [row.key]: realKeys[row.key] };
    const model = row.model === undefined ? [] : ["--model", row.model];
    const newWorld = async (script: readonly ScriptedTurn[]) => {
      const world = await createAgentWorld({ turns: script }, engine);
      const own = row.manifest?.({ upstream: world.endpoint.url, cidr: engine.place.cidr });
      if (own !== undefined) appendFileSync(world.manifest, own);
      return world;
    };
    const open = (world: AgentWorld, ...more: readonly string[]): Promise<LiveSession> => {
      const flags = ["--session", "--json", "--manifest", world.manifest, ...model, ...more];
      return openLiveSession(world, ["run", ...flags, row.agent], env);
    };

    it("does a tool-using turn, and the next prompt goes on with the conversation", async () => {
      await using world = await newWorld([...mendingTurns, { text: "Again." }]);
      const session = await open(world);
      session.say({ type: "prompt", text: "mend sum.js" });
      expect(await session.next("turn_completed")).toMatchObject({ outcome: "completed" });
      expect(world.sumOf(world.workspace)).toBe("export const sum = (a, b) => a + b;\n");
      session.say({ type: "prompt", text: "the second prompt" });
      expect(await session.next("turn_completed")).toMatchObject({ outcome: "completed" });
      const last = posts(world).at(-1)?.text ?? "";
      expect(last).toContain("mend sum.js");
      expect(last).toContain("the second prompt");

      const ended = await session.end();
      expect(ended).toMatchObject({ exitCode: 0 });
      const events = session.events();
      expect(events.filter(({ event }) => event === "conversation_opened")).toHaveLength(1);
      const prompts = events.filter((event) => event.event === "prompt_received");
      const started = events.filter((event) => event.event === "turn_started");
      expect(started.map(({ prompt }) => prompt)).toEqual(prompts.map(({ seq }) => seq));
      expect(events.filter((event) => event.event === "tool_completed").map(({ ok }) => ok)).not.toContain(false);
      expect(events.filter((event) => event.event === "text_produced").at(-1)).toMatchObject({ text: "Again." });

      // The real key is upstream and nowhere else; the model never sees the placeholder.
      expect(JSON.stringify(world.endpoint.received.map(({ headers }) => headers))).toContain(realKeys[row.key]);
      expect(JSON.stringify(world.endpoint.received)).not.toContain("caisson-placeholder");
      expect(`${world.stateText()}${ended.stdout}${ended.stderr}`).not.toContain(realKeys[row.key]);
    });

    const resume = (world: AgentWorld, slug: string, ...words: readonly string[]) =>
      openLiveSession(world, ["resume", "--json", slug, ...words], env, slug);
    const isKept = abilities.resume ? it : undefined;

    isKept?.("is stopped and goes on: same conversation and slug, new placeholders, one row of events", async () => {
      const showing: ScriptedTurn = { text: "Look.", tools: [{ use: "shell", command: "id -un; pwd" }] };
      await using world = await newWorld([showing, { text: "One." }, { text: "Two." }, { text: "Three." }]);
      const session = await open(world, "--label", "kept");
      session.say({ type: "prompt", text: "FIRST-WORDS" });
      await session.next("turn_completed");
      expect(await world.cli.run(["stop", session.slug])).toMatchObject({ exitCode: 0 });
      await session.ended;
      const placeholders = () => world.stateFile(session.slug, "policy.json").match(/"placeholder": "[^"]+"/g);
      const before = placeholders();
      const again = await resume(world, session.slug, "SECOND-WORDS");
      expect(await again.next("turn_completed")).toMatchObject({ outcome: "completed" });
      expect(await again.end()).toMatchObject({ exitCode: 0 });
      expect(posts(world).at(-1)?.text).toContain("FIRST-WORDS");
      expect(posts(world).at(-1)?.text).toContain("SECOND-WORDS");
      expect(before?.length).toBeGreaterThan(0);
      for (const placeholder of placeholders() ?? []) expect(before).not.toContain(placeholder);
      const events = again.events();
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      const opened = events.filter((event) => event.event === "conversation_opened");
      expect(opened.map(({ resumed }) => resumed)).toEqual([false, true]);
      expect(new Set(opened.map(({ conversation }) => conversation)).size).toBe(1);
      expect(JSON.stringify(world.endpoint.received)).not.toContain("caisson-placeholder");
      expect(world.stateText()).not.toContain(realKeys[row.key]);
      expect(await world.cli.run(["verify", session.slug])).toMatchObject({ exitCode: 0 });
      expect(await world.cli.run(["rm", "kept"])).toMatchObject({ exitCode: 0 });
      expect(existsSync(join(world.cli.stateRoot, "sandboxes", session.slug))).toBe(false);
    });

    if (!isTriedWhole(row)) return;

    it("takes what is said during a turn as its abilities say, and a follow-up after it", async () => {
      await using world = await newWorld([held, { text: "Done." }, { text: "Followed." }, { text: "More." }]);
      const session = await open(world);
      session.say({ type: "prompt", text: "begin" });
      await session.next("tool_started");
      session.say({ type: "steer", text: "STEERED-WORDS" });
      if (abilities.steer === "no") await session.refused("session_unsupported");
      else await session.next("prompt_received");
      session.say({ type: "follow_up", text: "FOLLOWING-WORDS" });
      await session.next("prompt_received");
      letGo(world);
      await session.next("turn_completed");
      if (abilities.steer === "now") expect(posts(world).at(-1)?.text).toContain("STEERED-WORDS");
      expect(posts(world).at(1)?.text).not.toContain("FOLLOWING-WORDS");
      const further = abilities.steer === "queued" ? 2 : 1;
      for (let n = 0; n < further; n += 1) await session.next("turn_completed");
      expect(posts(world).at(-1)?.text).toContain("FOLLOWING-WORDS");
      await session.end();
      expect(turns(session.events())).toEqual(Array(1 + further).fill("completed"));
    });

    it("aborts a turn whose model hangs, drops what waited, and takes a new prompt", async () => {
      await using world = await newWorld([{ text: "After.", hangs: true }, { text: "After." }, { text: "After." }]);
      const session = await open(world);
      session.say({ type: "prompt", text: "begin" });
      await untilAsked(world, 1);
      session.say({ type: "follow_up", text: "NEVER-RUN" });
      session.say({ type: "abort" });
      expect(await session.next("prompts_dropped")).toMatchObject({ prompts: [expect.any(Number)] });
      expect(await session.next("turn_completed")).toMatchObject({ outcome: "aborted" });
      session.say({ type: "prompt", text: "again" });
      expect(await session.next("turn_completed")).toMatchObject({ outcome: "completed", text: "After." });
      expect(await session.end()).toMatchObject({ exitCode: 0 });
      expect(JSON.stringify(posts(world))).not.toContain("NEVER-RUN");
    });

    const asking: readonly ScriptedTurn[] = [
      { text: "May I?", tools: [{ use: "write", path: "{{workdir}}/asked.txt", text: "written\n" }] },
      { text: "So be it." },
      { text: "So be it." },
    ];
    const asks = abilities.answer ? it : undefined;
    asks?.each([
      ["allow", true],
      ["deny", false],
    ] as const)("asks before a tool: %s", async (means, isWritten) => {
      await using world = await newWorld(asking);
      const session = await open(world, "--ask");
      session.say({ type: "prompt", text: "write it" });
      const asked = await session.next("question_asked");
      expect(existsSync(join(world.workspace, "asked.txt"))).toBe(false);
      const option = asked.options.find((one) => one.means === means)?.id ?? "";
      session.say({ type: "answer", question: asked.question, answer: { option: "no such option" } });
      await session.refused("session_refused");
      session.say({ type: "answer", question: asked.question, answer: { option } });
      expect(await session.next("question_answered")).toMatchObject({ question: asked.question });
      await session.next("turn_completed");
      expect(existsSync(join(world.workspace, "asked.txt"))).toBe(isWritten);
      const again = await world.cli.run(["send", session.slug, "--answer", `${asked.question}=${option}`]);
      expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("answered already") });
      await session.end();
    });
    const asksNever = abilities.answer ? undefined : it;
    asksNever?.("refuses --ask, as it cannot be answered", async () => {
      await using world = await newWorld(asking);
      const run = await world.cli.run(
        ["run", "--session", "--ask", "--manifest", world.manifest, ...model, row.agent],
        { env },
      );
      expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("cannot ask before it uses a tool") });
    });

    it("changes its model, where it can", async () => {
      await using world = await newWorld(Array(8).fill({ text: "Said." }));
      const session = await open(world);
      session.say({ type: "prompt", text: "one" });
      await session.next("turn_completed");
      session.say({ type: "set_model", model: row.otherModel ?? "any" });
      if (abilities.setModel) {
        await session.next("model_changed");
        session.say({ type: "prompt", text: "three" });
        expect(await session.next("turn_completed")).toMatchObject({ outcome: "completed" });
        expect(JSON.parse(posts(world).at(-1)?.text ?? "{}").model).toBe(row.otherModel?.split("/").at(-1));
      } else await session.refused("session_unsupported");
      await session.end();
    });

    it("changes how hard it thinks, at the levels that it claims", async () => {
      await using world = await newWorld(Array(8).fill({ text: "Said." }));
      const session = await open(world);
      session.say({ type: "prompt", text: "one" });
      await session.next("turn_completed");
      const unclaimed = thinkingLevels.find((level) => !abilities.thinking.includes(level));
      if (unclaimed !== undefined) {
        session.say({ type: "set_thinking", level: unclaimed });
        await session.refused("session_unsupported");
      }
      expect(row.thinking !== undefined).toBe(abilities.thinking.length > 0);
      if (row.thinking) {
        session.say({ type: "set_thinking", level: row.thinking.level });
        await session.next("thinking_changed");
        session.say({ type: "prompt", text: "two" });
        await session.next("turn_completed");
        expect(posts(world).at(-1)?.text).toMatch(row.thinking.seen);
      }
      await session.end();
    });

    it("sums the conversation up, where it can", async () => {
      await using world = await newWorld(Array(8).fill({ text: "Said." }));
      const session = await open(world);
      const talk = "word ".repeat((row.talkBeforeSummary ?? 0) / 5);
      for (const text of ["one", `two ${talk}`]) {
        session.say({ type: "prompt", text });
        await session.next("turn_completed");
      }
      session.say({ type: "compact" });
      if (abilities.compact) {
        expect(await session.next("compaction_completed")).toMatchObject({ ok: true });
        session.say({ type: "prompt", text: "three" });
        expect(await session.next("turn_completed")).toMatchObject({ outcome: "completed" });
      } else await session.refused("session_unsupported");
      expect(await session.end()).toMatchObject({ exitCode: 0 });
    });

    isKept?.("is marked as interrupted when its CLI is killed in a turn, and goes on", async () => {
      await using world = await newWorld([held, { text: "One." }, { text: "Two." }, { text: "Three." }]);
      const session = await open(world);
      session.say({ type: "prompt", text: "FIRST-WORDS" });
      await session.next("tool_started");
      const find = `tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '${row.process}'`;
      const kill = `for p in /proc/[0-9]*; do ${find} && kill -9 \${p#/proc/}; done; true`;
      await world.cli.run(["exec", session.slug, "--", "sh", "-c", kill]);
      expect(await session.next("turn_completed")).toMatchObject({ outcome: "interrupted" });
      await session.ended;
      const again = await resume(world, session.slug);
      again.say({ type: "prompt", text: "SECOND-WORDS" });
      expect(await again.next("turn_completed")).toMatchObject({ outcome: "completed" });
      await again.end();
      expect(posts(world).at(-1)?.text).toContain("SECOND-WORDS");
      expect(posts(world).at(-1)?.text).toContain("FIRST-WORDS");
      expect(turns(again.events())).toEqual(["interrupted", "completed"]);
    });

    isKept?.(
      "keeps the prompt when its keeper is killed in the very first turn, and runs it never again by itself",
      async () => {
        await using world = await newWorld([{ text: "One.", hangs: true }, { text: "One." }, { text: "One." }]);
        const session = await open(world);
        session.say({ type: "prompt", text: "FIRST-WORDS" });
        await untilAsked(world, 1);
        process.kill(JSON.parse(world.stateFile(session.slug, "metadata.json")).keeper.pid, "SIGKILL");
        await session.ended;
        const listed = await world.cli.run(["ls"]);
        expect(listed.stdout).toContain(`resume: caisson resume ${session.slug}`);
        // Of two who resume it one wins, the other is told.
        const tries = await Promise.all([1, 2].map(() => world.cli.run(["resume", session.slug, "--detach"], { env })));
        expect(tries.map(({ exitCode }) => exitCode).sort()).toEqual([0, 7]);
        expect(turns(session.events())).toEqual(["interrupted"]);
        const sent = await world.cli.run(["send", session.slug, "SECOND-WORDS", "--wait"]);
        expect(sent).toMatchObject({ exitCode: 0, stdout: "One.\n" });
        expect(turns(session.events())).toEqual(["interrupted", "completed"]);
        await world.cli.run(["stop", session.slug]);
        const asked = posts(world).filter(({ text }) => text.includes("FIRST-WORDS"));
        expect(asked.filter(({ text }) => !text.includes("SECOND-WORDS"))).toHaveLength(1);
        expect(asked).toHaveLength(2);
      },
    );

    isKept?.("goes on with what began as a run with one prompt", async () => {
      await using world = await newWorld([{ text: "One." }, { text: "Two." }, { text: "Three." }]);
      const run = await world.cli.run(
        ["run", "--label", "once", "--manifest", world.manifest, ...model, row.agent, "FIRST-WORDS"],
        { env },
      );
      expect(run).toMatchObject({ exitCode: 0 });
      const next = await world.cli.run(["resume", "once", "SECOND-WORDS"], { env });
      expect(next).toMatchObject({ exitCode: 0 });
      expect(posts(world).at(-1)?.text).toContain("FIRST-WORDS");
      expect(posts(world).at(-1)?.text).toContain("SECOND-WORDS");
    });
  });
}

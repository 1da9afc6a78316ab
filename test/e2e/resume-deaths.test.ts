import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/spec/events.ts";
import { createAgentWorld, realKeys } from "../kit/agent-world.ts";

const env = { ANTHROPIC_API_KEY: realKeys.ANTHROPIC_API_KEY };
const script = [{ text: "One.", hangs: true }, { text: "One." }, { text: "One." }, { text: "One." }];

/** The process that a sandbox's marker names, as soon as it is there. */
async function ownerOf(stateRoot: string, slug: string): Promise<number> {
  for (;;) {
    const marker = join(stateRoot, "open", slug);
    const text = existsSync(marker) ? readFileSync(marker, "utf8") : "";
    if (text.endsWith("}")) return (JSON.parse(text) as { pid: number }).pid;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe("a keeper that is killed while it resumes", () => {
  // Moments, not assertions on time: wherever it dies, the next resume has to go on.
  it.each([0, 5, 20, 60, 150, 400])("leaves what can be resumed: %i ms after it took over", async (milliseconds) => {
    await using world = await createAgentWorld({ turns: script });
    const { cli, manifest } = world;
    const begun = await cli.run(
      ["run", "--session", "--detach", "--manifest", manifest, "claude-code", "FIRST-WORDS"],
      { env },
    );
    const slug = begun.stdout.trim();
    while (!world.endpoint.received.some(({ method }) => method === "POST"))
      await new Promise((resolve) => setTimeout(resolve, 20));
    await cli.run(["stop", slug]);

    const dying = cli.start(["resume", slug, "SECOND-WORDS", "--detach"], { env });
    const pid = await ownerOf(cli.stateRoot, slug);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    process.kill(pid, "SIGKILL");
    await dying.ended;

    const again = await cli.run(["resume", slug, "THIRD-WORDS"], { env });
    expect(again).toMatchObject({ exitCode: 0, stdout: "One.\n" });
    const events = world
      .stateFile(slug, "events.jsonl")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as RunEvent);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    // Each prompt has at most one turn, and none is open.
    const started = events.flatMap((event) => (event.event === "turn_started" ? [event.prompt] : []));
    const completed = events.flatMap((event) => (event.event === "turn_completed" ? [event.prompt] : []));
    expect(new Set(started).size).toBe(started.length);
    expect(completed).toEqual(started);
    expect(await cli.run(["cleanup"])).toMatchObject({ exitCode: 0 });
    expect(await cli.run(["verify", slug])).toMatchObject({ exitCode: 0 });
    // What was said once is asked of the model as the newest word once.
    const last = world.endpoint.received.filter(({ method }) => method === "POST").map(({ text }) => text);
    expect(last.filter((text) => text.includes("FIRST-WORDS") && !/(SECOND|THIRD)-WORDS/.test(text))).toHaveLength(1);
  });
});

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunEvent } from "../../src/spec/events.ts";
import type { SessionCommand } from "../../src/spec/session.ts";
import type { AgentWorld } from "./agent-world.ts";

type Named<N extends RunEvent["event"]> = Extract<RunEvent, { event: N }>;

/** A session that a test holds by `caisson run --session --json`, or by `caisson resume --json`. */
export interface LiveSession {
  readonly slug: string;
  /** Says it; what comes of it is in the events, or in `refused`. */
  say(command: SessionCommand): void;
  /** The next event of this name after the last that was waited for; fails when the session ends first. */
  next<N extends RunEvent["event"]>(name: N): Promise<Named<N>>;
  /** Everything told so far. */
  events(): readonly RunEvent[];
  /** Resolves with the refusal once one of this code was told. */
  refused(code: string): Promise<string>;
  /** Says nothing more, and waits for the end. */
  end(): Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }>;
  readonly ended: Promise<unknown>;
  /** Kills the `caisson` that holds it, not the session. */
  readonly pid: number;
}

const pollMilliseconds = 50;

/** Opens one with these words after `caisson`. */
export async function openLiveSession(
  { cli }: Pick<AgentWorld, "cli">,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  known?: string,
): Promise<LiveSession> {
  const before = new Set(slugsOf(cli.stateRoot));
  const running = cli.start([...args], { env });
  let over: unknown;
  void running.ended.then((result) => {
    over = result;
  });
  const poll = async <T>(what: string, look: () => T | undefined): Promise<T> => {
    for (;;) {
      const wasOver = over;
      const found = look();
      if (found !== undefined) return found;
      if (wasOver !== undefined) throw new Error(`the session ended without ${what}: ${JSON.stringify(wasOver)}`);
      await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
    }
  };
  const slug = known ?? (await poll("a slug", () => slugsOf(cli.stateRoot).find((name) => !before.has(name))));
  const file = join(cli.stateRoot, "sandboxes", slug, "events.jsonl");
  const events = () => readEvents(file);
  let seen = known === undefined ? 0 : (events().at(-1)?.seq ?? 0);
  return {
    slug,
    say: (command) => void running.stdin.write(`${JSON.stringify(command)}\n`),
    next: async <N extends RunEvent["event"]>(name: N) => {
      const found = await poll(name, () =>
        events().find((event): event is Named<N> => event.seq > seen && event.event === name),
      );
      seen = found.seq;
      return found;
    },
    events,
    refused: (code) => running.seen(new RegExp(`"code":"${code}"[^\\n]*`)),
    end: () => {
      running.stdin.end();
      return running.ended;
    },
    ended: running.ended,
    pid: running.pid,
  };
}

function slugsOf(stateRoot: string): readonly string[] {
  const folder = join(stateRoot, "sandboxes");
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Whole lines alone: the last one may be being written. */
function readEvents(file: string): readonly RunEvent[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as RunEvent);
}

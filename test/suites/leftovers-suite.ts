import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { readJournal } from "../../src/sandbox/read-journal.ts";
import { statePaths } from "../../src/sandbox/state-paths.ts";
import type { TestCli } from "../kit/cli.ts";
import { freshMarker, processesAt, processesSaying } from "../kit/processes-saying.ts";
import type { TestEngine } from "../kit/test-engine.ts";

const slugsOf = (cli: TestCli) => {
  const folder = join(cli.stateRoot, "sandboxes");
  return existsSync(folder) ? readdirSync(folder) : [];
};

const metadataOf = (cli: TestCli, slug: string) =>
  JSON.parse(readFileSync(statePaths(cli.stateRoot, slug).metadata, "utf8")) as {
    readonly keeper: { readonly pid: number };
    readonly end?: string;
  };

/** Looks until there is something to see; a minute at most. */
async function until<T>(look: () => T | undefined): Promise<T> {
  for (const end = Date.now() + 60_000; Date.now() < end; await pause(1)) {
    const seen = look();
    if (seen !== undefined) return seen;
  }
  throw new Error("nothing within a minute");
}

function argumentsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "gone since";
  }
}

/** Whatever of a user's runs is still anywhere: processes, mounts, marks, private folders, and what the engine holds. */
async function leftoversOf(engine: TestEngine, cli: TestCli, marker: string): Promise<readonly string[]> {
  const root = dirname(cli.home);
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const open = join(cli.stateRoot, "open");
  return [
    ...processesSaying(marker).map((pid) => `process of the agent ${pid}`),
    ...processesAt(root).map((pid) => `process ${pid}: ${argumentsOf(pid)}`),
    ...mounts.filter((line) => line.includes(root)),
    ...(existsSync(open) ? readdirSync(open) : []).map((slug) => `open ${slug}`),
    ...slugsOf(cli)
      .filter((slug) => existsSync(join(cli.stateRoot, "sandboxes", slug, "private")))
      .map((slug) => `private folder of ${slug}`),
    ...readdirSync(cli.workspace).map((name) => `workspace ${name}`),
    ...(await engine.heldFor(cli)),
  ];
}

/** A sample of what may go wrong, on any engine; `e2e/faults.test.ts` and `docker/kill-points.test.ts` have every step. */
export const describeLeftovers = (engine: TestEngine) =>
  describe(`what a run leaves, ${engine.name}`, () => {
    it.each([
      "gate_started intent",
      "gate_started result",
      "sandbox_started intent",
      "gate_configured result",
      "agent_started result",
    ])("must-have 4: a keeper that is killed at %s leaves nothing after a cleanup", async (line) => {
      await using cli = engine.createCli();
      const marker = freshMarker();
      const script = `setsid sh -c 'sleep 600; : ${marker}' & sleep 600; : ${marker}`;
      const running = cli.start(["run", "--publish", "0:3000", "--", "sh", "-c", script]);
      const slug = await until(() => slugsOf(cli)[0]);
      const { journal } = statePaths(cli.stateRoot, slug);
      await until(() =>
        existsSync(journal) && readJournal(journal).some(({ step, phase }) => `${step} ${phase}` === line)
          ? true
          : undefined,
      );
      process.kill(metadataOf(cli, slug).keeper.pid, "SIGKILL");
      await running.ended;
      expect(await cli.run(["cleanup"])).toMatchObject({ exitCode: 0 });
      expect(await leftoversOf(engine, cli, marker)).toEqual([]);
      expect(metadataOf(cli, slug).end).toBe("interrupted");
      // Once more is the same.
      expect(await cli.run(["cleanup"])).toMatchObject({ exitCode: 0 });
    });

    it("must-have 4: a gate that is killed takes its run with it, and nothing is left without any cleanup", async () => {
      await using cli = engine.createCli();
      const marker = freshMarker();
      const running = cli.start(["run", "--", "sh", "-c", `sleep 600; : ${marker}`]);
      await expect.poll(() => processesSaying(marker, /^sh$/), { timeout: 30_000 }).not.toEqual([]);
      const [slug = ""] = slugsOf(cli);
      process.kill(await engine.gateOf(cli, slug), "SIGKILL");
      expect((await running.ended).exitCode).not.toBe(0);
      await expect.poll(() => leftoversOf(engine, cli, marker), { timeout: 30_000 }).toEqual([]);
      expect(metadataOf(cli, slug).end).toBe("interrupted");
    });

    it("must-have 4: a launch that fails at one of its steps says why and leaves nothing", async () => {
      await using cli = engine.createCli();
      const marker = freshMarker();
      const holder = await cli.run(["run", "--detach", "--publish", "0:3000", "--", "sleep", "600"]);
      const [{ ports } = { ports: [] }] = (await cli.run(["ls", "--json"])).jsonLines<{
        ports: readonly { hostPort: number }[];
      }>();
      const taken = `${ports[0]?.hostPort}:3000`;
      const failed = await cli.run(["run", "--publish", taken, "--", "sh", "-c", `sleep 600; : ${marker}`]);
      expect(failed).toMatchObject({ exitCode: 7, stderr: expect.stringContaining("is taken") });
      await cli.run(["stop", holder.stdout.trim()]);
      await expect.poll(() => leftoversOf(engine, cli, marker), { timeout: 30_000 }).toEqual([]);
    });
  });

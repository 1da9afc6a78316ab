import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { findSpare, spareFolder } from "../../src/run/spare-place.ts";
import { statePaths } from "../../src/sandbox/state-paths.ts";
import type { TestCli } from "./cli.ts";
import { dockerEngineAt } from "./docker-engine.ts";
import { inEngine } from "./docker-leftovers.ts";
import { ownProcesses, readMaybe, until } from "./spare-calls.ts";

/** What spares have in the tests' engine, and on disk, for runs that are not there. */
export function aheadIn(engine: string) {
  /** What the engine has of a slug's, or of everybody's. */
  const held = async (slug = "") => (await inEngine(engine, (thing) => thing.includes(`caisson-${slug}`))).toSorted();
  return {
    held,
    /** Fails unless nothing is left anywhere of what no run took; runs leave their record alone. */
    expectNothingLeft: async (cli: TestCli): Promise<void> => {
      // One that boots when spares are ended finds that nobody wants it, and ends by itself.
      await until(() => ownProcesses(cli).length === 0);
      expect({
        held: await held(),
        markers: markers(cli),
        folders: sandboxes(cli).filter((slug) => !hasRun(cli, slug)),
        spares: list(cli.stateRoot).filter((entry) => entry.startsWith("spare")),
      }).toEqual({ held: [], markers: [], folders: [], spares: [] });
    },
    /** So that no test is red for what another one left. */
    removeAll: async (): Promise<void> => {
      const docker = await dockerEngineAt(engine).connect();
      for (const thing of await held().catch(() => [])) {
        const [kind, called = ""] = thing.split(" ");
        if (kind === "container") await docker.getContainer(called.slice(1)).remove({ force: true });
        if (kind === "network") await docker.getNetwork(called).remove();
      }
    },
  };
}

/** All that is made ahead, by its names. */
export const threeOf = (slug: string) => [
  `container /caisson-${slug}-gate-1`,
  `network caisson-${slug}_egress`,
  `network caisson-${slug}_internal`,
];

/** The slug of what the spare that waits has in the engine. */
export async function waitingAhead(cli: TestCli): Promise<string> {
  const folder = spareFolder(cli.stateRoot);
  let text = "";
  await until(() => {
    // In one look: the next spare's folder may take this one's place after it.
    text = readMaybe(join(folder, "ahead"));
    return text.includes("slug") && findSpare(folder) !== undefined;
  });
  return (JSON.parse(text) as { slug: string }).slug;
}

/** Sandboxes that are not settled, runs or none. */
export const markers = (cli: TestCli) => list(join(cli.stateRoot, "open"));

/** Every sandbox's folder. */
export const sandboxes = (cli: TestCli) => list(join(cli.stateRoot, "sandboxes"));

/** Whether a slug is a run's. */
export const hasRun = (cli: TestCli, slug: string) => existsSync(statePaths(cli.stateRoot, slug).metadata);

/** What waits for a run, on disk. */
export const aheads = (cli: TestCli) => markers(cli).filter((slug) => !hasRun(cli, slug));

const list = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);

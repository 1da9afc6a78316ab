import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { removeTree } from "../../src/host/process/remove-tree.ts";
import { stateMark } from "../../src/sandbox/docker/docker-names.ts";
import { type DockerBox, freshSlug, launchDockerBox, openDockerWorld } from "../kit/docker-sandbox.ts";

const name = inject("dockerEngine");
const world = await openDockerWorld(name);

async function say(box: DockerBox, script: string): Promise<string> {
  const running = await box.sandbox.exec({ argv: ["sh", "-c", script] });
  let text = "";
  running.onOutput((_, bytes) => {
    text += Buffer.from(bytes).toString();
  });
  await running.ended;
  return text;
}

describe("reap() and endGate()", () => {
  it("end and remove all of a sandbox, knowing nothing but its slug, at once and again", async () => {
    await using box = await launchDockerBox(world, {}, { withGate: true });
    const later = await openDockerWorld(name);
    const both = await Promise.all([later.engine.reap(box.slug, {}), world.engine.reap(box.slug, {})]);
    expect(both).toEqual([[], []]);
    await box.sandbox.gone;
    expect(await Promise.all([later.engine.endGate(box.slug, {}), world.engine.endGate(box.slug, {})])).toEqual([
      [],
      [],
    ]);
    expect(await box.gate?.ended).toBeDefined();
    expect(await later.engine.list()).toEqual([]);
    expect(await later.engine.removeScratch(box.stateDir)).toEqual([]);
    expect(existsSync(join(box.stateDir, "private"))).toBe(false);
  });

  it("leave alone a sandbox of the same name that is another state folder's", async () => {
    await using box = await launchDockerBox(world);
    const others = { state: stateMark("/elsewhere"), made: true };
    expect(await world.engine.reap(box.slug, others)).toEqual([]);
    expect(await say(box, "echo alive")).toBe("alive\n");
    expect(await world.engine.list()).toMatchObject([{ slug: box.slug, state: stateMark(box.stateDir) }]);
  });

  it("find what turns up late, of a container that was asked for when its keeper was killed", async () => {
    const slug = freshSlug();
    const stateDir = mkdtempSync(join(tmpdir(), "caisson-docker-"));
    onTestFinished(() => void removeTree(stateDir));
    const facts = { state: stateMark(stateDir) };
    const making = world.engine.prepare(world.plan(slug, stateDir), { mounts: [] }, () => {});
    expect(await world.engine.reap(slug, facts)).toEqual([]);
    await making.catch(() => {});
    expect(await world.engine.reap(slug, facts)).toEqual([]);
    expect(await world.engine.endGate(slug, facts)).toEqual([]);
    expect(await world.engine.list()).toEqual([]);
  });
});

describe("a sandbox", () => {
  it("is gone, and says so, when somebody removes its container", async () => {
    await using box = await launchDockerBox(world);
    const running = await box.sandbox.exec({ argv: ["sleep", "1000"] });
    await world.api.removeContainer(box.prepared.facts.agent);
    expect((await box.sandbox.gone).reason).toContain("container ended");
    expect((await running.ended).exitCode).not.toBe(0);
    expect(await box.sandbox.stop()).toEqual({ leftovers: [] });
  });
});

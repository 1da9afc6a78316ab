import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { identifyProcess } from "../host/process-identity.ts";
import { statePaths } from "../sandbox/state-paths.ts";
import { inspectSandbox } from "./list-sandboxes.ts";

it("inspectSandbox() takes no run for interrupted that ends, and its keeper after it, while it looks", async () => {
  const root = mkdtempSync(join(tmpdir(), "caisson-state-"));
  try {
    const slug = "brisk-otter-00000";
    const paths = statePaths(root, slug);
    mkdirSync(paths.dir, { recursive: true });
    const keeper = spawn("sh", ["-c", "exec sleep 600"], { stdio: "ignore" });
    await once(keeper, "spawn");
    const running = {
      version: 1,
      slug,
      engine: "local",
      compose_project: `caisson-${slug}`,
      agent: "command",
      provider: "command",
      modelSource: "live",
      workspace: { mode: "none" },
      policyHash: "",
      startedAt: "2026-01-01T00:00:00.000Z",
      keeper: identifyProcess(keeper.pid ?? 0),
    };
    const [before, after] = [join(root, "before"), join(root, "after")];
    writeFileSync(before, JSON.stringify(running));
    writeFileSync(after, JSON.stringify({ ...running, end: "completed", exitCode: 0, endedAt: running.startedAt }));
    // The first look reads a pipe: while it still reads, the run ends, and its keeper goes.
    execFileSync("mkfifo", [paths.metadata]);
    const script = `exec 3>"$1"; cat "$2" >&3; mv "$3" "$1"; kill -9 "$4"
      while grep -q '^State:.[^Z]' "/proc/$4/status" 2>/dev/null; do sleep 0.01; done`;
    const ending = spawn("sh", ["-c", script, "sh", paths.metadata, before, after, `${keeper.pid}`]);
    const looked = inspectSandbox(root, slug);
    await once(ending, "close");
    expect(looked).toMatchObject({ state: "ended", metadata: { end: "completed" } });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

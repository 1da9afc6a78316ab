import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { statePaths } from "../sandbox/state-paths.ts";
import type { RunningProcess } from "../spec/engine.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { openEventLog } from "./event-log.ts";
import { openOutputLog } from "./output-log.ts";
import { createRunConsole } from "./run-console.ts";

const endless: RunningProcess = {
  write: () => {},
  closeInput: () => {},
  resize: () => {},
  kill: () => {},
  onOutput: () => {},
  pause: () => {},
  resume: () => {},
  ended: new Promise(() => {}),
};

it("a stop that comes while the command is being started ends the run", async () => {
  const root = mkdtempSync(join(tmpdir(), "caisson-console-"));
  try {
    const now = () => new Date(0);
    const request = {
      argv: ["agent"],
      workdir: "/",
      stdin: "none",
      metadata: { slug: "a" },
    } as unknown as LaunchRequest;
    const console = createRunConsole({
      paths: statePaths(root, "a"),
      events: openEventLog(join(root, "events.jsonl"), "agent", now),
      log: openOutputLog(join(root, "compose.log"), now, { keptBytes: 1024 ** 2, dropped: () => {} }),
      request,
      stop: () => {},
      decoder: undefined,
    });
    const abort = new AbortController();
    const sandbox = {
      exec: async () => {
        abort.abort();
        return endless;
      },
    };
    const ended = await console.runMain(sandbox, { intent: () => {}, result: () => {} }, abort.signal);
    expect(ended.exitCode).toBeNull();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

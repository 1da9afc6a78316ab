import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { watchEnd } from "../../../src/sandbox/watch-end.ts";

it("what a command left in its streams is read, also by a process that stood still after the command's end", async () => {
  // Its helper speaks a moment after it is gone; until then nobody is silent for long.
  const child = spawn("sh", ["-c", "(sleep 0.1; echo late; sleep 1000) & echo $!"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit").then(([exitCode]) => ({ exitCode: exitCode as number }));
  const end = watchEnd(exited, [child.stdout, child.stderr]);
  // As on a machine that has no time for us.
  void exited.then(() =>
    setImmediate(() => {
      for (const since = performance.now(); performance.now() - since < 1000; );
    }),
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => {
      said += String(bytes);
      end.heard();
    });
  expect(await end.ended).toEqual({ exitCode: 0 });
  const [helper = "", late] = said.split("\n");
  process.kill(Number(helper), "SIGKILL");
  expect(late).toBe("late");
});

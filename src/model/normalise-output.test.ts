import { describe, expect, it } from "vitest";
import { normaliseOutput } from "./normalise-output.ts";

describe("normaliseOutput()", () => {
  it.each([
    ["Sat Nov 21 10:15:39 UTC 2026", "<time>"],
    ["Sat, 21 Nov 2026 10:15:39 GMT", "<time>"],
    ["total 16\n-rw-r--r-- 1 me me 12 Nov 21 09:59 a.js", "total <blocks>\n-<mode> 12 <time> a.js"],
    ["drwx------  3 1234 root 4096 Nov 21 10:37 .", "d<mode> <time> ."],
    ["at 2026-11-21T10:15:39.197Z and 10:15:39", "at <time> and <time>"],
    ["\u001b[32m\u2714\u001b[39m adds (0.512ms)", "\u2714 adds (<duration>)"],
    ["\u2139 duration_ms 43.2", "\u2139 duration_ms <duration>"],
    [
      "x\n      at Test.run (node:internal/test_runner/test:1402:25)\n      at f (src/a.js:1:2)",
      "x\n      at f (src/a.js:1:2)",
    ],
    ["real\t0m1.204s", "real\t<duration>"],
    ["3 passed in 1.20s", "3 passed in <duration>"],
    ["PI_SESSION_FILE=/h/.pi/agent/sessions/--a b--/2026_x.jsonl", "PI_SESSION_FILE=/h/.pi/agent/sessions/<name>"],
    ["A=1\nPATH=/opt/x/bin:/bin\nB=2", "A=1\nPATH=<path>\nB=2"],
    [
      "Chunk ID: 53c5f0\nWall time: 0.0512 seconds\nOriginal token count: 9",
      "Chunk ID: <number>\nWall time: <duration>\nOriginal token count: <number>",
    ],
    ["output in /tmp/pi-bash-1f.log", "output in /tmp/<name>"],
    ["/tmp/caisson-x1/src/a.js:3", "/tmp/<name>/src/a.js:3"],
    [
      "session 5ca46bbf-c3af-498a-b8c0-f987ff75e2f7, pid 4711\nCLAUDE_PID=4",
      "session <uuid>, pid <number>\nCLAUDE_PID=<number>",
    ],
  ])("takes the run out of %j", (text, expected) => {
    expect(normaliseOutput(text)).toBe(expected);
  });

  it.each(["pass 3", "fail 1", "expected 4, got 5", "src/a.js:12:30", "May the 3 tests pass", "v26.10.0", "10 files"])(
    "keeps %j",
    (text) => {
      expect(normaliseOutput(text)).toBe(text);
    },
  );
});

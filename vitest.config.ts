import { defineConfig } from "vitest/config";

// What comes is waited for until it comes: vitest's own second is less than a program may need to start on a busy machine.
const poll = { timeout: 30_000 };

// Time-outs are for what hangs: many times what the longest test takes on an idle machine. Five projects: unit runs anywhere in
// seconds; parts use the machine's real bubblewrap, git, TLS and processes; e2e runs the real `caisson`; attacks are programs
// inside a sandbox that try to break an invariant; docker has a Docker engine of its own (test/kit/docker-setup.ts).
export default defineConfig({
  test: {
    restoreMocks: true,
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "test/unit/**/*.test.ts"],
          testTimeout: 180_000,
          expect: { poll },
        },
      },
      {
        test: {
          name: "parts",
          include: ["test/parts/**/*.test.ts"],
          testTimeout: 240_000,
          expect: { poll },
          hookTimeout: 240_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 240_000,
          expect: { poll },
          hookTimeout: 240_000,
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "attacks",
          include: ["test/attacks/**/*.test.ts"],
          testTimeout: 240_000,
          expect: { poll },
          hookTimeout: 240_000,
          maxWorkers: 1,
        },
      },
      {
        test: {
          name: "docker",
          include: ["test/docker/**/*.test.ts"],
          globalSetup: ["test/kit/docker-setup.ts"],
          testTimeout: 240_000,
          expect: { poll },
          hookTimeout: 240_000,
          // One engine for all, and some tests kill it.
          maxWorkers: 1,
          fileParallelism: false,
        },
      },
    ],
  },
});

import { expect, it } from "vitest";
import type { Sandbox } from "../spec/engine.ts";
import { observeLaunch } from "./observe-launch.ts";

it.each([
  { limit: ["disk", "9 bytes of 8"] as const, why: "it met its disk limit: 9 bytes of 8" },
  { limit: undefined, why: "its holder was killed" },
])("a sandbox that ends while it is launched is over, $why", async ({ limit, why }) => {
  const told: string[] = [];
  const over = Promise.withResolvers<string>();
  const run = { host: { now: () => new Date(0) }, files: { events: { append: () => told.push("event") }, log: {} } };
  const state = {
    signal: new AbortController().signal,
    isLaunched: () => false,
    guarded: () => {},
    lost: () => told.push("lost"),
  };
  const observer = observeLaunch(run as never, { ...state, over: over.resolve } as never);
  const sandbox = {
    onLimit: (tell: (limit: string, detail: string) => void) => void (limit && tell(...limit)),
    gone: Promise.resolve({ reason: "its holder was killed" }),
  };
  observer.prepared({ sandbox: sandbox as unknown as Sandbox } as never);
  expect(await over.promise).toBe(why);
  // What failed is told by the launch itself; only the limit is a fact of its own.
  expect(told).toEqual(limit ? ["event"] : []);
});

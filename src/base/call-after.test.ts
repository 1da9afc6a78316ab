import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { callAfter } from "./call-after.ts";

const day = 86_400;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("counts more days than setTimeout can", () => {
  let calls = 0;
  callAfter(60 * day, () => calls++);
  vi.advanceTimersByTime(59 * day * 1000);
  expect(calls).toBe(0);
  vi.advanceTimersByTime(2 * day * 1000);
  expect(calls).toBe(1);
});

it("is called off at any time", () => {
  let calls = 0;
  const off = callAfter(60 * day, () => calls++);
  vi.advanceTimersByTime(30 * day * 1000);
  off();
  vi.advanceTimersByTime(60 * day * 1000);
  expect(calls).toBe(0);
});

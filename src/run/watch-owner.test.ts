import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { watchOwner } from "./watch-owner.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("watchOwner() ends what all have left, and what nobody came to", () => {
  let attended = 0;
  let ends = 0;
  const watch = () =>
    watchOwner(
      30,
      () => attended > 0,
      () => {
        ends += 1;
      },
    );
  const left = watch();
  left.look();
  attended = 2;
  left.look();
  attended = 1;
  left.look();
  vi.advanceTimersByTime(60_000);
  expect(ends).toBe(0);
  attended = 0;
  left.look();
  expect(ends).toBe(1);

  watch();
  vi.advanceTimersByTime(29_000);
  expect(ends).toBe(1);
  vi.advanceTimersByTime(1000);
  expect(ends).toBe(2);

  watch().close();
  vi.advanceTimersByTime(60_000);
  expect(ends).toBe(2);
});

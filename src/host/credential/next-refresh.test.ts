import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextRefresh } from "./next-refresh.ts";

const command = { command: ["x"] };

describe("nextRefresh()", () => {
  it("is never for a variable, soon for a file", () => {
    expect(nextRefresh({ env: "X" }, {}, 0)).toBeUndefined();
    expect(nextRefresh(command, {}, 0)).toBeUndefined();
    expect(nextRefresh({ file: "/x" }, {}, 0)).toBe(30);
  });

  it("comes before the value expires, or as often as asked", () => {
    expect(nextRefresh(command, { expiresAt: 3_600_000 }, 0)).toBe(3300);
    expect(nextRefresh(command, { expiresAt: 100_000 }, 0)).toBe(90);
    expect(nextRefresh({ ...command, refreshSeconds: 60 }, { expiresAt: 3_600_000 }, 0)).toBe(60);
  });

  it("leaves time to read again, and never spins on a value that has expired", () => {
    fc.assert(
      fc.property(fc.integer({ min: -10_000_000, max: 100_000_000 }), (left) => {
        const seconds = nextRefresh(command, { expiresAt: left }, 0) ?? 0;
        expect(seconds).toBeGreaterThanOrEqual(5);
        if (left > 10_000) expect(seconds * 1000).toBeLessThan(left);
      }),
    );
  });
});

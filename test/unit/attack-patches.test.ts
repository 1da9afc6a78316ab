import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { attackOn } from "../attacks/attack.ts";
import { battery } from "../attacks/battery.ts";

const root = resolve(import.meta.dirname, "../..");

describe("escape battery", () => {
  it.each(["local", "docker"] as const)("finds each defence that it takes out where it says, %s", (engine) => {
    const moved = battery
      .filter(({ notOn }) => notOn?.[engine] === undefined)
      .flatMap((row) => (attackOn(engine, row).off.patches ?? []).map((patch) => ({ name: row.name, ...patch })))
      .filter(({ file, find }) => readFileSync(join(root, file), "utf8").split(find).length !== 2)
      .map(({ name, file, find }) => `${name}: ${file} does not hold exactly once: ${find}`);
    expect(moved).toEqual([]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Machine, startMachine } from "../kit/world.ts";
import { battery } from "./battery.ts";
import type { AttackResult } from "./machine-main.ts";

// The escape battery. Each attack is a program inside a sandbox, tried twice: with its one defence taken out it must
// succeed, with all of them it must not. One that did not succeed without its defence proves nothing and is not counted.

const enough = 60;
const results = new Map<string, AttackResult>();
let machine: Machine;

beforeAll(async () => {
  machine = await startMachine(`${import.meta.dirname}/machine-main.ts`);
});

afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  console.log(table());
});

describe("escape battery", () => {
  it.each(battery.map((attack) => [attack.name, attack] as const))("%s", async (name, attack) => {
    const result = (await machine.call("attack", name)) as AttackResult;
    results.set(name, result);
    const told = `${attack.program} with all defences:\n${result.with.output}\nwithout "${attack.defence}":\n${result.without.output}`;
    expect({ tried: result.with.started, succeeded: result.with.succeeded }, told).toEqual({
      tried: true,
      succeeded: false,
    });
    if (result.refusedByKernel) return;
    expect({ tried: result.without.started, succeeded: result.without.succeeded }, told).toEqual({
      tried: true,
      succeeded: true,
    });
  });

  it(`counts at least ${enough} attacks that succeed without their defence`, () => {
    expect([...results.values()].filter(isCounted).length).toBeGreaterThanOrEqual(enough);
  });

  it("leaves nothing behind", async () => {
    expect(await machine.call("residue", undefined)).toEqual([]);
  });
});

const isCounted = (result: AttackResult) => result.without.succeeded && result.with.started && !result.with.succeeded;

function table(): string {
  const rows = battery.flatMap((attack) => {
    const result = results.get(attack.name);
    if (!result) return [];
    const without = result.without.succeeded
      ? "succeeds"
      : result.refusedByKernel
        ? "the kernel refuses it here"
        : "FAILS";
    const withAll = result.with.succeeded ? "SUCCEEDS" : result.with.started ? "blocked" : "NOT TRIED";
    return [
      `${attack.name.padEnd(32)} ${attack.defence.padEnd(52)} ${without.padEnd(10)} ${withAll.padEnd(10)} ${result.with.what}`,
    ];
  });
  const counted = [...results.values()].filter(isCounted).length;
  const head = `${"attack".padEnd(32)} ${"its one defence".padEnd(52)} ${"without".padEnd(10)} ${"with all".padEnd(10)} stopped by`;
  return [head, ...rows, `${counted} attacks counted of ${battery.length}`].join("\n");
}

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Machine, startMachine } from "../kit/world.ts";
import { type AttackedEngine, attackOn } from "./attack.ts";
import { battery } from "./battery.ts";
import type { AttackResult } from "./machine-main.ts";

/** What one engine's battery needs besides the attacks. */
export interface BatteryNeeds {
  /** So many attacks at least must be seen to succeed without their defence. */
  readonly enough: number;
  /** Where the machine's Docker engine finds images, and how it is given back. */
  readonly prepare?: () => Promise<{ readonly data: string; close(): Promise<void> }>;
}

const minutesToPrepare = 8;

/**
 * The escape battery. Each attack is a program inside a sandbox, tried twice: with its one defence taken out it must
 * succeed, with all of them it must not. One that did not succeed without its defence proves nothing and is not counted.
 */
export function describeBattery(engine: AttackedEngine, { enough, prepare }: BatteryNeeds): void {
  const tried = battery.filter(({ notOn }) => notOn?.[engine] === undefined);
  const results = new Map<string, AttackResult>();
  let prepared: { readonly data: string; close(): Promise<void> } | undefined;
  let machine: Machine | undefined;

  beforeAll(async () => {
    prepared = await prepare?.();
    machine = await startMachine(`${import.meta.dirname}/machine-main.ts`, [
      engine,
      ...(prepared ? [prepared.data] : []),
    ]);
  }, minutesToPrepare * 60_000);

  afterAll(async () => {
    await machine?.call("close", undefined);
    await machine?.[Symbol.asyncDispose]();
    await prepared?.close();
    console.log(table(engine, results));
  });

  describe(`escape battery, ${engine}`, () => {
    it.each(tried.map((attack) => [attack.name, attackOn(engine, attack)] as const))("%s", async (name, attack) => {
      const result = (await machine?.call("attack", name)) as AttackResult;
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
      // A keeper may end a moment after its run is over.
      await expect.poll(() => machine?.call("residue", undefined)).toEqual([]);
    });
  });
}

const isCounted = (result: AttackResult) => result.without.succeeded && result.with.started && !result.with.succeeded;

function table(engine: AttackedEngine, results: ReadonlyMap<string, AttackResult>): string {
  const rows = battery.flatMap((row) => {
    const why = row.notOn?.[engine];
    if (why !== undefined) return [`${row.name.padEnd(32)} not on ${engine}: ${why}`];
    const result = results.get(row.name);
    if (!result) return [];
    const without = result.without.succeeded
      ? "succeeds"
      : result.refusedByKernel
        ? "the kernel refuses it here"
        : "FAILS";
    const withAll = result.with.succeeded ? "SUCCEEDS" : result.with.started ? "blocked" : "NOT TRIED";
    return [
      `${row.name.padEnd(32)} ${attackOn(engine, row).defence.padEnd(52)} ${without.padEnd(10)} ${withAll.padEnd(10)} ${result.with.what}`,
    ];
  });
  const counted = [...results.values()].filter(isCounted).length;
  const head = `${"attack".padEnd(32)} ${"its one defence".padEnd(52)} ${"without".padEnd(10)} ${"with all".padEnd(10)} stopped by`;
  return [`escape battery, ${engine}`, head, ...rows, `${counted} attacks counted of ${battery.length}`].join("\n");
}

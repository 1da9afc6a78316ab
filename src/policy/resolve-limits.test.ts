import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Limits } from "../spec/policy.ts";
import { limitsFromEnvironment, resolveLimits } from "./resolve-limits.ts";

describe("resolveLimits()", () => {
  it("has the schema's defaults", () => {
    expect(resolveLimits([]).limits).toEqual(Limits.parse({}));
  });

  it("lets flags win over variables, and variables over files, limit by limit", () => {
    const { limits, sources } = resolveLimits([
      { from: "a.yaml", limits: { cpus: 1, memory: "1g", timeout: "1h" } },
      limitsFromEnvironment({ CAISSON_MEMORY: "2g", CAISSON_TIMEOUT: "2h", CAISSON_CPUS: "" }),
      { from: (limit) => `--${limit}`, limits: { timeout: "3h" } },
    ]);
    expect(limits).toMatchObject({ cpus: 1, memoryBytes: 2 * 1024 ** 3, timeoutSeconds: 3 * 3600 });
    expect(sources).toMatchObject({
      "limits.cpus": "a.yaml",
      "limits.memory": "CAISSON_MEMORY",
      "limits.timeout": "--timeout",
      "limits.disk": "default",
    });
  });

  it.each([
    ["cpus", "0"],
    ["cpus", "-1"],
    ["cpus", "two"],
    ["memory", "1m"],
    ["memory", "lots"],
    ["processes", "2.5"],
    ["processes", "1"],
    ["timeout", "0s"],
    ["timeout", "10"],
    ["timeout", "400d"],
    ["disk", "0"],
  ])("refuses %s %s and names where it was said", (limit, value) => {
    expect(() => resolveLimits([{ from: "here", limits: { [limit]: value } }])).toThrow(
      `Cannot set limit ${limit} to "${value}" (here): use `,
    );
  });

  it("takes the strongest layer that says a limit, whatever the others say", () => {
    const cpus = fc.option(fc.integer({ min: 1, max: 64 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(cpus, { maxLength: 5 }), (values) => {
        const { limits } = resolveLimits(values.map((value, i) => ({ from: `${i}`, limits: { cpus: value } })));
        expect(limits.cpus).toBe(values.findLast((value) => value !== undefined) ?? 2);
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seccompRules } from "../seccomp/seccomp-rules.ts";
import { renderSeccomp } from "./render-seccomp.ts";

const rules = seccompRules({ unixSockets: "deny", fixedAffinity: false });
const profile = renderSeccomp(rules, "x64");

/** What the kernel does with a call under a profile: any entry whose conditions all hold. */
function isAllowed(name: string, args: readonly number[]): boolean {
  return profile.syscalls.some(
    (entry) =>
      entry.action === "SCMP_ACT_ALLOW" &&
      entry.names.includes(name) &&
      (entry.args ?? []).every(({ index, value, valueTwo }) => ((args[index] ?? 0) & value) >>> 0 === valueTwo),
  );
}

describe("renderSeccomp()", () => {
  it("decides on arguments as the rules say, for any of them", () => {
    const values = rules.arguments.flatMap((rule) => (rule.check === "no-bits" ? [rule.bits] : rule.values));
    const number = fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constantFrom(...values.map((v) => v >>> 0)));
    const names = [...new Set(rules.arguments.map(({ syscall }) => syscall))].filter((name) => rules.allowed.has(name));
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.tuple(number, number, number, number), (name, args) => {
        const passes = rules.arguments
          .filter(({ syscall }) => syscall === name)
          .every((rule) => {
            const value = args[rule.argument] ?? 0;
            if (rule.check !== "no-bits")
              return rule.values.some((one) => one >>> 0 === value) === (rule.check === "one-of");
            const { given } = rule;
            if (given !== undefined && ((args[given.argument] ?? 0) & given.bits) === 0) return true;
            return (value & rule.bits) === 0;
          });
        expect(isAllowed(name, args)).toBe(passes);
      }),
      { numRuns: 2000 },
    );
  });

  it("allows nothing but what is allowed, and says that calls it cannot judge are not there", () => {
    const allowed = profile.syscalls.filter(({ action }) => action === "SCMP_ACT_ALLOW").flatMap(({ names }) => names);
    expect(new Set(allowed)).toEqual(new Set([...rules.allowed].filter((name) => !rules.absent.has(name))));
    expect(profile.syscalls.find(({ names }) => names.includes("clone3"))).toMatchObject({ errnoRet: 38 });
    expect(isAllowed("ptrace", [])).toBe(false);
  });
});

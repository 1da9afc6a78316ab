import type { ArgumentRule, SeccompArch, SeccompRules } from "../seccomp/seccomp-rules.ts";

/** A seccomp profile in the engine's words. */
export interface SeccompProfile {
  readonly defaultAction: "SCMP_ACT_ERRNO";
  readonly architectures: readonly string[];
  readonly syscalls: readonly {
    readonly names: readonly string[];
    readonly action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
    readonly errnoRet?: number;
    readonly args?: readonly Condition[];
  }[];
}

/** Holds when the argument's bits under the mask (`value`) are `valueTwo`. */
interface Condition {
  readonly index: number;
  readonly op: "SCMP_CMP_MASKED_EQ";
  readonly value: number;
  readonly valueTwo: number;
}

const ENOSYS = 38;
const allBits = 0xffff_ffff;
const architectures = { x64: "SCMP_ARCH_X86_64", arm64: "SCMP_ARCH_AARCH64" } as const;

/**
 * The rules as a profile of the engine. There one entry allows when all of its conditions hold, several entries of a call
 * when any does, and nothing can be refused by condition: each rule becomes the list of ways to pass it. Pure.
 */
export function renderSeccomp(rules: SeccompRules, arch: SeccompArch): SeccompProfile {
  const checked = [...new Set(rules.arguments.map(({ syscall }) => syscall))].filter((name) => rules.allowed.has(name));
  const free = [...rules.allowed].filter((name) => !checked.includes(name) && !rules.absent.has(name));
  const conditional = checked.flatMap((name) => {
    const ways = rules.arguments.filter(({ syscall }) => syscall === name).map(waysToPass);
    return combinations(ways).map((args) => ({ names: [name], action: "SCMP_ACT_ALLOW" as const, args }));
  });
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    architectures: [architectures[arch]],
    syscalls: [
      { names: free, action: "SCMP_ACT_ALLOW" },
      { names: [...rules.absent], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
      ...conditional,
    ],
  };
}

/** Each is one way; only the low half of an argument counts, as for the kernel. */
function waysToPass(rule: ArgumentRule): readonly Condition[] {
  const masked = (index: number, mask: number, value: number): Condition => ({
    index,
    op: "SCMP_CMP_MASKED_EQ",
    value: mask >>> 0,
    valueTwo: value >>> 0,
  });
  switch (rule.check) {
    case "one-of":
      return rule.values.map((value) => masked(rule.argument, allBits, value));
    case "none-of":
      return othersThan(rule.values).map(({ mask, value }) => masked(rule.argument, mask, value));
    case "no-bits": {
      const { given } = rule;
      const own = masked(rule.argument, rule.bits, 0);
      return given === undefined ? [own] : [own, masked(given.argument, given.bits, 0)];
    }
  }
}

/** All numbers of 32 bits but these, as patterns: those that differ from all of them at some bit, the ones above it alike. */
function othersThan(values: readonly number[]): readonly { readonly mask: number; readonly value: number }[] {
  const patterns: { mask: number; value: number }[] = [];
  const walk = (bit: number, prefix: number, left: readonly number[]) => {
    if (bit < 0) return;
    const weight = 2 ** bit;
    for (const set of [0, weight]) {
      const value = prefix + set;
      const alike = left.filter((number) => Math.floor(number / weight) % 2 === set / weight);
      if (alike.length === 0) patterns.push({ mask: 2 ** 32 - weight, value });
      else walk(bit - 1, value, alike);
    }
  };
  walk(31, 0, values);
  return patterns;
}

const combinations = (ways: readonly (readonly Condition[])[]): readonly (readonly Condition[])[] =>
  ways.reduce<readonly (readonly Condition[])[]>(
    (combined, next) => combined.flatMap((some) => next.map((one) => [...some, one])),
    [[]],
  );

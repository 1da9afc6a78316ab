import type { ArgumentRule, SeccompArch, SeccompRules } from "../../seccomp/seccomp-rules.ts";
import { syscallsOfArm64 } from "./syscalls-of-arm64.ts";
import { syscallsOfX64 } from "./syscalls-of-x64.ts";

/** One classic BPF instruction, as the kernel's `struct sock_filter`. */
export interface BpfInstruction {
  readonly code: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
  readonly value: number;
}

const LOAD_WORD = 0x20;
const JUMP = 0x05;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_OR_EQUAL = 0x35;
const JUMP_BITS = 0x45;
const RETURN = 0x06;

const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const ERRNO = 0x0005_0000;
const EPERM = 1;
const ENOSYS = 38;

const X32_BIT = 0x4000_0000;
const architectures = {
  x64: { audit: 0xc000_003e, numbers: syscallsOfX64 },
  arm64: { audit: 0xc000_00b7, numbers: syscallsOfArm64 },
} as const;

const offsetOfNumber = 0;
const offsetOfArch = 4;
/** Both architectures are little-endian: the low half of an argument comes first. */
const offsetOfArgument = (argument: number) => 16 + 8 * argument;

const instruction = (code: number, value: number, jumpTrue = 0, jumpFalse = 0): BpfInstruction => ({
  code,
  jumpTrue,
  jumpFalse,
  value,
});
const answer = (value: number) => instruction(RETURN, value);

/** Compiles rules to the filter of one architecture. Calls of another one (32-bit, x32) never pass it. */
export function compileFilter(arch: SeccompArch, rules: SeccompRules): readonly BpfInstruction[] {
  const { audit, numbers } = architectures[arch];
  return [
    instruction(LOAD_WORD, offsetOfArch),
    instruction(JUMP_EQUAL, audit, 1, 0),
    answer(KILL_PROCESS),
    instruction(LOAD_WORD, offsetOfNumber),
    ...(arch === "x64" ? [instruction(JUMP_GREATER_OR_EQUAL, X32_BIT, 0, 1), answer(ERRNO | ENOSYS)] : []),
    ...searchTree(rangesOf(numbers, rules)),
  ];
}

/** The bytes that bubblewrap's `--seccomp` reads. */
export function encodeFilter(program: readonly BpfInstruction[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  for (const [index, { code, jumpTrue, jumpFalse, value }] of program.entries()) {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, jumpTrue);
    bytes.setUint8(index * 8 + 3, jumpFalse);
    bytes.setUint32(index * 8 + 4, value, true);
  }
  return new Uint8Array(bytes.buffer);
}

/** Numbers from `from` up to the next range, and what is done with them. */
interface Range {
  readonly from: number;
  readonly leaf: readonly BpfInstruction[];
}

function rangesOf(numbers: ReadonlyMap<string, number>, rules: SeccompRules): readonly Range[] {
  const refused = [answer(ERRNO | EPERM)];
  const missing = [answer(ERRNO | ENOSYS)];
  const leaves = new Map<number, readonly BpfInstruction[]>();
  for (const [name, number] of numbers) {
    const argumentRules = rules.arguments.filter((rule) => rule.syscall === name);
    if (rules.pretended.has(name)) leaves.set(number, [answer(ERRNO)]);
    else if (rules.absent.has(name)) leaves.set(number, missing);
    else if (rules.allowed.has(name)) leaves.set(number, argumentsLeaf(argumentRules));
  }
  const last = Math.max(...numbers.values());
  const ranges: Range[] = [];
  for (let number = 0; number <= last + 1; number += 1) {
    // What is newer than our table fails as it does on an older kernel, so that libraries fall back.
    const leaf = leaves.get(number) ?? (number > last ? missing : refused);
    if (!sameLeaf(ranges.at(-1)?.leaf, leaf)) ranges.push({ from: number, leaf });
  }
  return ranges;
}

const sameLeaf = (a: readonly BpfInstruction[] | undefined, b: readonly BpfInstruction[]) =>
  a?.length === 1 && b.length === 1 && a[0]?.value === b[0]?.value;

function searchTree(ranges: readonly Range[]): readonly BpfInstruction[] {
  const middle = Math.floor(ranges.length / 2);
  const upper = ranges[middle];
  if (ranges.length < 2 || upper === undefined) return ranges[0]?.leaf ?? [];
  const left = searchTree(ranges.slice(0, middle));
  const right = searchTree(ranges.slice(middle));
  // A conditional jump reaches 255 instructions; further ones go by an unconditional jump.
  const branch =
    left.length <= 255
      ? [instruction(JUMP_GREATER_OR_EQUAL, upper.from, left.length, 0)]
      : [instruction(JUMP_GREATER_OR_EQUAL, upper.from, 0, 1), instruction(JUMP, left.length)];
  return [...branch, ...left, ...right];
}

/** Allows what passes every rule: each ends in its one way to pass, which is where the next one begins. */
const argumentsLeaf = (rules: readonly ArgumentRule[]): readonly BpfInstruction[] => [
  ...rules.flatMap((rule) => argumentLeaf(rule).slice(0, -1)),
  answer(ALLOW),
];

function argumentLeaf(rule: ArgumentRule): readonly BpfInstruction[] {
  const refuse = answer(ERRNO | rule.errno);
  const load = instruction(LOAD_WORD, offsetOfArgument(rule.argument));
  if (rule.check === "no-bits") {
    const test = [load, instruction(JUMP_BITS, rule.bits, 0, 1), refuse, answer(ALLOW)];
    if (rule.given === undefined) return test;
    const given = instruction(LOAD_WORD, offsetOfArgument(rule.given.argument));
    return [given, instruction(JUMP_BITS, rule.given.bits, 0, test.length - 1), ...test];
  }
  const { values } = rule;
  const compare = values.map((value, index) => instruction(JUMP_EQUAL, value, values.length - index, 0));
  return rule.check === "one-of"
    ? [load, ...compare, refuse, answer(ALLOW)]
    : [load, ...compare, instruction(JUMP, 1), refuse, answer(ALLOW)];
}

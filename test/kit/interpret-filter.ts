import type { BpfInstruction } from "../../src/sandbox/local/seccomp/compile-filter.ts";

/** A system call as the kernel shows it to a filter. */
export interface SyscallData {
  readonly arch: number;
  readonly number: number;
  readonly arguments?: readonly bigint[];
}

/** Runs a classic BPF program over one system call, as the kernel does; throws where the kernel would refuse the program. */
export function interpretFilter(program: readonly BpfInstruction[], call: SyscallData): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, call.number >>> 0, true);
  data.setUint32(4, call.arch >>> 0, true);
  for (const [index, value] of (call.arguments ?? []).entries()) data.setBigUint64(16 + 8 * index, value, true);
  let accumulator = 0;
  for (let at = 0; ; at += 1) {
    const step = program[at];
    if (step === undefined) throw new Error(`runs out of the program at ${at}`);
    const { code, value, jumpTrue, jumpFalse } = step;
    if (jumpTrue > 255 || jumpFalse > 255) throw new Error(`jumps too far at ${at}`);
    if (code === 0x20) accumulator = data.getUint32(value, true);
    else if (code === 0x05) at += value;
    else if (code === 0x15) at += accumulator === value >>> 0 ? jumpTrue : jumpFalse;
    else if (code === 0x35) at += accumulator >= value >>> 0 ? jumpTrue : jumpFalse;
    else if (code === 0x45) at += (accumulator & value) !== 0 ? jumpTrue : jumpFalse;
    else if (code === 0x06) return value >>> 0;
    else throw new Error(`unknown code ${code} at ${at}`);
  }
}

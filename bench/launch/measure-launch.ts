import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { makePipes } from "../../src/host/process/make-pipes.ts";
import type { Contender } from "./contenders.ts";

/** One start: milliseconds from our spawn to the program's own time stamp, and to the end of all. */
export interface Launch {
  readonly firstInstructionMs: number;
  readonly totalMs: number;
}

/** Starts a contender once. Fails when it does not end well, or when the program inside never told its time. */
export async function measureLaunch(
  { name, argv }: Contender,
  options: { readonly cwd: string; readonly environment: NodeJS.ProcessEnv },
): Promise<Launch> {
  const [program = "", ...args] = argv;
  // Real pipes, as a shell's are: a program's own are sockets, which nobody can open a second time.
  const [out, errors] = await makePipes(spawn, ["out", "out"]);
  if (!out || !errors) throw new Error("no pipe could be made");
  const started = performance.timeOrigin + performance.now();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.environment,
    stdio: ["ignore", out.inside, errors.inside],
  });
  for (const { inside } of [out, errors]) closeSync(inside);
  const [stdout, stderr, code] = await Promise.all([
    readAll(out.near),
    readAll(errors.near),
    new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    }),
  ]);
  const totalMs = performance.timeOrigin + performance.now() - started;
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${stdout}${stderr}`);
  const nanoseconds = /\b1\d{18}\b/.exec(stdout)?.[0];
  return { totalMs, firstInstructionMs: nanoseconds === undefined ? totalMs : Number(nanoseconds) / 1e6 - started };
}

const readAll = (descriptor: number): Promise<string> =>
  text(new Socket({ fd: descriptor, readable: true, writable: false }));

/** The value below which the given part of the sorted values lies. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

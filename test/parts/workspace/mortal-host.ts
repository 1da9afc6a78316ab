import { programsOutside } from "../../../src/host/programs-outside.ts";
import type { GuardHost } from "../../../src/sandbox/workspace/guard-host.ts";
import { createGuardHost } from "../../../src/sandbox/workspace/node-guard-host.ts";

const acts = new Set<string>([
  "makeFolder",
  "removeFolder",
  "writeFile",
  "copyFile",
  "appendLine",
  "linkFile",
  "makeLink",
  "move",
  "removeFile",
  "removeTree",
] satisfies (keyof GuardHost)[]);

/** A host of which nothing comes any more from its nth act on: what a `kill -9` right before that act leaves is left. */
export function mortal(deadAt: number, die: () => void): { readonly host: GuardHost; readonly acts: () => number } {
  const host = createGuardHost(programsOutside(process.env.PATH ?? "/usr/bin:/bin", undefined));
  let count = 0;
  const entries = Object.entries(host).map(([name, value]: [string, unknown]) => {
    if (!acts.has(name) || typeof value !== "function") return [name, value];
    const act = (...args: unknown[]): unknown => {
      count += 1;
      if (count >= deadAt) {
        die();
        throw new Error("dead");
      }
      return value(...args) as unknown;
    };
    return [name, act];
  });
  return { host: Object.fromEntries(entries) as unknown as GuardHost, acts: () => count };
}

import { readdirSync, readFileSync } from "node:fs";
import type Docker from "dockerode";
import { pssOf } from "./sandbox-memory.ts";

/** Bytes of one sandbox on docker: our keeper, what runs in its two containers, and the engine's shim of each. */
export async function dockerMemory(
  docker: Docker,
  slug: string,
  keeper: number,
): Promise<{ readonly keeper: number; readonly gate: number; readonly agent: number; readonly shims: number }> {
  const of = async (service: string) => {
    const { Id } = await docker.getContainer(`caisson-${slug}-${service}-1`).inspect();
    return {
      inside: sum(pidsWhere("cgroup", (text) => text.includes(Id))),
      shim: sum(pidsWhere("cmdline", (text) => /containerd-shim/.test(text) && text.includes(Id))),
    };
  };
  const [gate, agent] = await Promise.all([of("gate"), of("agent")]);
  return { keeper: pssOf(keeper), gate: gate.inside, agent: agent.inside, shims: gate.shim + agent.shim };
}

const sum = (pids: readonly number[]) => pids.reduce((total, pid) => total + pssOf(pid), 0);

function pidsWhere(file: string, fits: (text: string) => boolean): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return fits(readFileSync(`/proc/${name}/${file}`, "utf8")) ? [Number(name)] : [];
    } catch {
      return []; // It ended while we looked.
    }
  });
}

import { expect, it } from "vitest";
import { type EndHost, endNamespace } from "./end-processes.ts";
import { findOrphanedGates, gateMark } from "./owner-mark.ts";

const namespace = "pid:[4026532999]";
const stranger = { pid: 4242, ppid: 1, state: "S", session: 1, startTicks: "100" };

/** A machine with one process that is none of ours. */
function machine(killed: number[], cmdline = ""): EndHost & Parameters<typeof findOrphanedGates>[0] {
  return {
    processes: {
      bootId: () => "boot",
      ticks: () => 5000,
      pids: () => (killed.includes(stranger.pid) ? [] : [stranger.pid]),
      read: (pid) => (pid === stranger.pid ? stranger : undefined),
      namespace: () => namespace,
      file: () => cmdline,
      children: () => [],
    },
    kill: (pid) => killed.push(pid) > 0,
    cgroups: {} as EndHost["cgroups"],
    files: { realPath: (path: string) => path, linkTarget: () => "/usr/bin/bwrap" } as never,
    programs: { bwrap: "/usr/bin/bwrap" } as never,
  };
}

it("endNamespace() leaves whoever has got the number of a namespace that is gone", async () => {
  const killed: number[] = [];
  const init = { pid: 2 ** 22 - 1, startTicks: "7", bootId: "boot" };
  expect(await endNamespace(machine(killed), { init, pidNamespace: namespace })).toEqual([]);
  expect(killed).toEqual([]);
});

it("findOrphanedGates() does not judge a gate whose keeper lives in another process namespace", () => {
  const keeper = { pid: 77, startTicks: "9" };
  const line = (from: string) => ["bwrap", ...gateMark(keeper, from)].join("\0");
  expect(findOrphanedGates(machine([], line("pid:[4026531836]")))).toEqual([]);
  expect(findOrphanedGates(machine([], line(namespace)))).toEqual([stranger.pid]);
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestCli } from "./cli.ts";
import { inNetwork, openEngineNetwork, removeEngineNetwork, startNameServer } from "./docker-network.ts";
import { localTestEngine, placeOutside, type SealedTestEngine } from "./test-engine.ts";
import { addresses } from "./world-addresses.ts";

const prefix = "caisson-local-";

/** The local engine in a network namespace that leads nowhere but to an outside world of the tests. Needs what `missingForWorld` says. */
export async function openSealedLocalEngine(): Promise<SealedTestEngine & AsyncDisposable> {
  removeDead();
  const network = `${prefix}${process.pid}`;
  const outside = `${network}-out`;
  const folder = mkdtempSync(join(tmpdir(), "cn-"));
  writeFileSync(join(folder, "resolv.conf"), `nameserver ${addresses.resolver}\n`);
  openEngineNetwork(network);
  const names = await startNameServer(outside);
  // Holds the mounts in which the machine's resolver is that of the outside; leaves when we do.
  const script = 'mount --bind "$0" /etc/resolv.conf && echo ready && exec cat';
  const [file, args] = inNetwork(network, ["unshare", "--mount", "sh", "-c", script, join(folder, "resolv.conf")]);
  const holder = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  // Entering mounts leaves the folder that one was in.
  const enter = ["nsenter", `--target=${holder.pid}`, "--net", "--mount", "--"];
  const within = [
    "sh",
    "-c",
    `folder=$(pwd) && exec ${enter.join(" ")} sh -c 'cd "$0" && exec "$@"' "$folder" "$@"`,
    "sh",
  ];
  return {
    ...localTestEngine,
    outside,
    place: placeOutside(outside, addresses.site),
    createCli: () => createTestCli({}, within),
    beside: (argv) => inNetwork(network, argv),
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      names.disconnect();
      await once(holder, "exit");
      removeEngineNetwork(network);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Removes what tests that were killed have left. */
function removeDead(): void {
  const living = readdirSync("/proc");
  const named = readdirSync("/run").includes("netns") ? readdirSync("/run/netns") : [];
  for (const name of named) {
    const pid = new RegExp(`^${prefix}(\\d+)$`).exec(name)?.[1];
    if (pid !== undefined && !living.includes(pid)) removeEngineNetwork(name);
  }
}

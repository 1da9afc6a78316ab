import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { startMachineDocker } from "../kit/machine-docker.ts";
import { openOutside, serveCalls } from "../kit/world-machine.ts";
import { type Attack, type AttackedEngine, attackOn, type Setting } from "./attack.ts";
import { battery } from "./battery.ts";
import { checkReach } from "./check-reach.ts";
import { type AttackedMachine, runSide, type SideResult } from "./run-side.ts";
import { makeSound, makeVariant } from "./variant.ts";
import { furnishVictim } from "./victim.ts";

// The machine that is attacked: keeper, gate and engine run here, and here every attack is tried twice.

/** What one attack came to: without its one defence, and with all of them. */
export interface AttackResult {
  readonly without: SideResult;
  readonly with: SideResult;
  /** The kernel of this machine refuses it anyway, so that nothing can be shown: not counted. */
  readonly refusedByKernel: boolean;
}

// Given by the test file: the engine, and for docker where images lie.
const [, , engine, dockerData = ""] = process.argv as [string, string, AttackedEngine, string?];
const victim = await furnishVictim(engine);
const outside = await openOutside();
await checkReach(victim, outside);
const docker = engine === "docker" ? await startMachineDocker(dockerData) : undefined;
const machine: AttackedMachine = {
  engine,
  victim: { ...victim, environment: { ...victim.environment, ...(docker && { DOCKER_HOST: docker.dockerHost }) } },
  outside,
};
const sound = await makeSound("/srv/sound");
const weakened = makeVariant("/srv/weakened", docker?.docker);
const newMarker = () => `mk${randomBytes(8).toString("hex")}`;

function merge(a: Setting = {}, b: Setting = {}): Setting {
  const routes = [a, b].flatMap((s) => (s.manifest?.routes as readonly object[] | undefined) ?? []);
  const mounts = [a, b].flatMap((s) => (s.manifest?.mounts as readonly object[] | undefined) ?? []);
  return {
    ...a,
    ...b,
    manifest: { ...a.manifest, ...b.manifest, routes, mounts },
    variables: { ...a.variables, ...b.variables },
  };
}

async function tryAttack(attack: Attack): Promise<AttackResult> {
  const { patches = [] } = attack.off;
  // Where the defence is a setting, the program is the shipped one on both sides: it starts in half the time.
  await using _patched = patches.length === 0 ? undefined : await weakened.patch(patches);
  // Side by side: the two share nothing but the victim.
  const [without, withAll] = await Promise.all([
    runSide(
      {
        attack,
        name: "without",
        launcher: patches.length === 0 ? sound : weakened.launcher,
        setting: merge(attack.setting, attack.off.setting),
        marker: newMarker(),
      },
      machine,
    ),
    runSide({ attack, name: "with", launcher: sound, setting: merge(attack.setting), marker: newMarker() }, machine),
  ]);
  const refusedByKernel = attack.unless !== undefined && spawnSync("sh", ["-c", attack.unless]).status === 0;
  return { without, with: withAll, refusedByKernel };
}

/** What the runs left behind on the machine: processes of a sandbox, marks of open ones, anything in the engine. */
async function findResidue(): Promise<readonly string[]> {
  const processes = spawnSync("ps", ["-eo", "args"], { encoding: "utf8" }).stdout.split("\n");
  const open = join(victim.home, ".local/state/caisson/open");
  return [
    ...processes.filter((line) => /bwrap|keeper|gate/.test(line)),
    ...(docker === undefined ? [] : await leftInEngine(docker.docker)),
    ...(existsSync(open) ? readdirSync(open) : []).map((slug) => `open sandbox ${slug}`),
  ];
}

async function leftInEngine(api: Docker): Promise<readonly string[]> {
  const containers = await api.listContainers({ all: true });
  const networks = await api.listNetworks();
  const { Volumes } = await api.listVolumes();
  return [
    ...containers.map(({ Names }) => `container ${Names.join()}`),
    ...networks.filter(({ Name }) => !["bridge", "host", "none"].includes(Name)).map(({ Name }) => `network ${Name}`),
    ...(Volumes ?? []).map(({ Name }) => `volume ${Name}`),
  ];
}

serveCalls({
  attack: async (name: string) => {
    const attack = battery.find((row) => row.name === name);
    if (attack === undefined) throw new Error(`no attack ${name}`);
    return tryAttack(attackOn(engine, attack));
  },
  residue: findResidue,
  close: async () => docker?.close(),
});

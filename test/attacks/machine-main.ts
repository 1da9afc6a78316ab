import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { openOutside, serveCalls } from "../kit/world-machine.ts";
import type { Attack, Setting } from "./attack.ts";
import { battery } from "./battery.ts";
import { checkReach } from "./check-reach.ts";
import { runSide, type SideResult } from "./run-side.ts";
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

const victim = await furnishVictim();
const outside = await openOutside();
await checkReach(victim, outside);
const sound = await makeSound("/srv/sound");
const weakened = makeVariant("/srv/weakened");
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
  using _patched = weakened.patch(attack.off.patches ?? []);
  // Side by side: the two share nothing but the victim.
  const [without, withAll] = await Promise.all([
    runSide(
      {
        attack,
        name: "without",
        launcher: weakened.launcher,
        setting: merge(attack.setting, attack.off.setting),
        marker: newMarker(),
      },
      victim,
      outside,
    ),
    runSide(
      { attack, name: "with", launcher: sound, setting: merge(attack.setting), marker: newMarker() },
      victim,
      outside,
    ),
  ]);
  const refusedByKernel = attack.unless !== undefined && spawnSync("sh", ["-c", attack.unless]).status === 0;
  return { without, with: withAll, refusedByKernel };
}

/** What the runs left behind on the machine: processes of a sandbox, marks of open ones. */
function findResidue(): readonly string[] {
  const processes = spawnSync("ps", ["-eo", "args"], { encoding: "utf8" }).stdout.split("\n");
  const open = join(victim.home, ".local/state/caisson/open");
  return [
    ...processes.filter((line) => /bwrap|keeper|gate/.test(line)),
    ...(existsSync(open) ? readdirSync(open) : []).map((slug) => `open sandbox ${slug}`),
  ];
}

serveCalls({
  attack: async (name: string) => {
    const attack = battery.find((row) => row.name === name);
    if (attack === undefined) throw new Error(`no attack ${name}`);
    return tryAttack(attack);
  },
  residue: async () => findResidue(),
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { hasUserManager, runBesideUserManager } from "../kit/user-manager.ts";

const project = join(import.meta.dirname, "../..");

// What becomes of a keeper in a login session, step by step; each line that is printed is looked at below.
const story = `
run() { bin/caisson run --workspace none "$@"; }
slug=$(run --detach -- sleep 300)
state=$HOME/.local/state/caisson/sandboxes/$slug
bin/caisson inspect "$slug" --json | grep -o '"memory":"[^"]*"'
keeper=$(pgrep -f 'run/keeper-[m]ain|start[.]cjs keeper' | head -1)
group=$(sed -n 's/^0:://p' "/proc/$keeper/cgroup")
echo "keeper in $group"
scope=/sys/fs/cgroup\${group%/keeper}
echo "handed down:$(cat "$scope/cgroup.subtree_control")"
echo "offered:$(cat "$scope/cgroup.controllers")"
kill -9 "$keeper"
bin/caisson cleanup >/dev/null; echo "cleanup $?"
waited=0
while [ -e "$scope" ] && [ $waited -lt 600 ]; do sleep 0.1; waited=$((waited + 1)); done
[ -e "$scope" ] && echo "scope left" || echo "scope gone"
run -- echo "ran again"
bin/caisson doctor | grep ' limits  '
`;

it.skipIf(!hasUserManager)("an ordinary user's keeper enters a systemd scope, which ends with it", () => {
  const home = mkdtempSync(join(tmpdir(), "caisson-scope-"));
  try {
    const { stdout, stderr } = runBesideUserManager(project, home, () => ["sh", "-c", story]);
    const said = `${stdout}\n${stderr}`;
    expect(said).toMatch(/keeper in \/.*\/user@\d+\.service\/app\.slice\/caisson-\d+-\w+\.scope\/keeper$/m);
    const words = (name: string) => new RegExp(`^${name}:(.*)$`, "m").exec(stdout)?.[1]?.split(" ") ?? [];
    // Where the machine gives version 2 its controllers, they keep the limits; elsewhere the watchdog does, in a scope or not.
    const usable = ["cpu", "memory", "pids"].filter((name) => words("offered").includes(name));
    expect(words("handed down").filter(Boolean).toSorted()).toEqual(usable);
    const mean = usable.includes("memory") ? "cgroup v2 (systemd scope)" : "watchdog";
    expect(stdout).toContain(`"memory":"${mean}"`);
    expect(stdout).toMatch(/cleanup 0\nscope gone\n/);
    expect(stdout).toContain("ran again");
    expect(stdout).toMatch(/limits .*memory/);
    expect(stdout).not.toContain("no systemd scope");
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

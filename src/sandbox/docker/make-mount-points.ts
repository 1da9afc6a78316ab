import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sandboxFolders } from "../sandbox-folders.ts";
import { give } from "../write-plan-files.ts";
import type { ComposeVolume } from "./compose-file.ts";
import type { DockerPlan } from "./docker-plan.ts";

/**
 * Makes the places in the private folders that something is mounted on, such as a workspace that lies below /tmp. The engine
 * would make them, and it is root: an ordinary user could not remove them.
 */
export function makeMountPoints(plan: DockerPlan, volumes: readonly ComposeVolume[]): void {
  const folders = sandboxFolders(plan.stateDir);
  for (const [inside, outside] of [
    [plan.home, folders.home],
    ["/tmp", folders.tmp],
  ] as const) {
    for (const { source, target } of volumes) {
      if (!target.startsWith(`${inside}/`)) continue;
      const place = join(outside, target.slice(inside.length));
      const isFolder = statSync(source).isDirectory();
      const made = mkdirSync(isFolder ? place : dirname(place), { recursive: true });
      if (!isFolder) writeFileSync(place, "", { flag: "a" });
      // Folders that were made on the way are the agent's, as all in its home is.
      for (let dir = place; made !== undefined && dir.startsWith(made); dir = dirname(dir)) give(dir, plan.user);
    }
  }
}

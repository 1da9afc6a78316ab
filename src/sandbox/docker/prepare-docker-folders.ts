import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepareKept } from "../kept-folders.ts";
import { sandboxFolders } from "../sandbox-folders.ts";
import { give } from "../write-plan-files.ts";
import type { DockerPlan } from "./docker-plan.ts";

/** Makes the sandbox's private folders and the files that are mounted from them. Modes hold whatever the umask. */
export function prepareDockerFolders(plan: DockerPlan): void {
  const folders = sandboxFolders(plan.stateDir);
  for (const [path, mode] of [
    [folders.private, 0o700],
    [folders.home, 0o700],
    [folders.tmp, 0o1777],
    [folders.run, 0o755],
    [folders.etc, 0o755],
  ] as const) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, mode);
  }
  give(folders.home, plan.user);
  prepareKept(plan, plan.user);
  for (const [name, text] of Object.entries(etcFiles(plan))) write(join(folders.etc, name), text, "w");
  // Mounted by its inode: whoever fills it writes in place.
  write(folders.trustBundle, "", "a");
}

function write(path: string, text: string, flag: "w" | "a"): void {
  writeFileSync(path, text, { flag });
  chmodSync(path, 0o644);
}

/** Files of `/etc` that are ours on any image: who the agent is, and that names are looked up in `/etc/hosts` alone. Pure. */
export function etcFiles({ home, user }: Pick<DockerPlan, "home" | "user">): Readonly<Record<string, string>> {
  const agent = `agent:x:${user.uid}:${user.gid}:agent:${home}:/bin/sh`;
  return {
    passwd: ["root:x:0:0:root:/root:/bin/sh", agent, "nobody:x:65534:65534:nobody:/nonexistent:/bin/false", ""].join(
      "\n",
    ),
    group: ["root:x:0:", `agent:x:${user.gid}:`, "nogroup:x:65534:", ""].join("\n"),
    "nsswitch.conf": ["passwd: files", "group: files", "shadow: files", "hosts: files", ""].join("\n"),
    // For what does not ask /etc/nsswitch.conf: nobody listens there, which is told at once.
    "resolv.conf": ["nameserver 127.0.0.1", "options timeout:1 attempts:1", ""].join("\n"),
  };
}

import { join } from "node:path";

/** Where everything of one sandbox lies; DESIGN.md section 7. `root` is `$XDG_STATE_HOME/caisson`. */
export function statePaths(root: string, slug: string) {
  const dir = join(root, "sandboxes", slug);
  return {
    dir,
    metadata: join(dir, "metadata.json"),
    journal: join(dir, "journal.jsonl"),
    policy: join(dir, "policy.json"),
    events: join(dir, "events.jsonl"),
    log: join(dir, "compose.log"),
    keeperLog: join(dir, "keeper.log"),
    socket: join(dir, "keeper.sock"),
    gateDir: join(dir, "gate"),
    ca: join(dir, "gate", "ca.pem"),
    gateRoutes: join(dir, "gate", "routes.json"),
    audit: join(dir, "gate", "audit.jsonl"),
    auditHead: join(dir, "audit-head.json"),
    /** What the sandbox was launched with last; no secret in it. */
    launch: join(dir, "launch.json"),
    /** Journals and guards of the launches before. */
    launches: join(dir, "launches"),
    /** The kept folders of the agent's home. */
    conversation: join(dir, "conversation"),
    settleLock: join(dir, "settling.lock"),
    /** Names the sandboxes whose teardown is not complete: what the next start has to look at, and nothing more. */
    open: join(root, "open", slug),
  } as const;
}

/** The folder of markers, the folder of sandboxes, and what is held while a sandbox's folder is removed. */
export const stateFolders = (root: string) => ({
  open: join(root, "open"),
  sandboxes: join(root, "sandboxes"),
  removalLock: join(root, "removal.lock"),
});

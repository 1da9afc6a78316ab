import { accessSync, constants, lstatSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { SpawnChild } from "../process/child.ts";
import type { CgroupFiles } from "./cgroup-files.ts";
import { controllers } from "./cgroup-layout.ts";
import { findScope, renderScopeRequest, userBus, wantsUserScope } from "./user-scope.ts";

/** What came of asking for a scope: its folder, in which groups may be made, or why there is none. */
export type ScopeOutcome =
  | { readonly kind: "not wanted" }
  | { readonly kind: "entered"; readonly dir: string }
  | { readonly kind: "refused"; readonly why: string; readonly lacks?: "bus" };

/** The system's own and no other: what PATH names may be a workspace's. */
const busctlPlaces = ["/usr/bin/busctl", "/bin/busctl", "/run/current-system/sw/bin/busctl"];
const stepMs = 5;
const boundMs = 5000;

/**
 * Puts this process into a systemd scope of its own, where that would let it limit others. Its cgroup is then ready: we are in a
 * leaf of it, and its controllers are handed down. Takes five seconds at most, on a machine at its limit too; where nothing is to be asked, no process and no time.
 * The scope ends with the last process in it. Never throws.
 */
export async function enterUserScope(
  host: { readonly spawn: SpawnChild; readonly cgroups: CgroupFiles },
  self: { readonly uid: number; readonly pid: number },
): Promise<ScopeOutcome> {
  if (self.uid === 0) return { kind: "not wanted" };
  const mountInfo = read("/proc/self/mountinfo");
  const ownGroups = () => read("/proc/self/cgroup");
  const facts = { isRoot: false, init: read("/proc/1/comm"), mountInfo, ownGroups: ownGroups(), isWritable };
  if (!wantsUserScope(facts)) return { kind: "not wanted" };
  const bus = userBus(self.uid);
  const busctl = busctlPlaces.find((file) => may(file, constants.X_OK));
  if (busctl === undefined) return { kind: "refused", why: "there is no busctl" };
  if (!isOwnSocket(bus, self.uid)) return { kind: "refused", why: `nothing listens at ${bus}`, lacks: "bus" };
  const unit = `caisson-${self.pid}-${Date.now().toString(36)}.scope`;
  const asked = ask(host.spawn, busctl, renderScopeRequest(bus, unit, self.pid));
  let refusal: string | undefined;
  void asked.then((why) => {
    refusal = why;
  });
  // The answer says that it was begun; that it is done is told by our own place in the tree.
  const until = performance.now() + boundMs;
  while (performance.now() < until && refusal === undefined) {
    const dir = findScope(mountInfo, ownGroups(), unit);
    if (dir !== undefined) return handDown(host.cgroups, dir);
    await pause(stepMs);
  }
  return { kind: "refused", why: refusal ?? `the user's systemd did nothing in ${boundMs} ms` };
}

/** Resolves with what went wrong, or undefined. */
function ask(spawn: SpawnChild, busctl: string, args: readonly string[]): Promise<string | undefined> {
  const child = spawn(busctl, args, { stdio: ["ignore", "ignore", "pipe"], env: {}, cwd: "/", timeout: boundMs });
  let said = "";
  child.stderr?.on("data", (bytes: Buffer) => {
    said = (said + bytes.toString()).slice(-500);
  });
  return new Promise((resolve) => {
    child.once("error", ({ message }) => resolve(message));
    child.once("close", (code) => resolve(code === 0 ? undefined : said.trim() || "busctl failed"));
  });
}

/** A group with processes may give its children no controllers: ours move into a leaf first, those born meanwhile too. */
function handDown(cgroups: CgroupFiles, dir: string): ScopeOutcome {
  const leaf = `${dir}/keeper`;
  if (!cgroups.make(leaf)) return { kind: "refused", why: `${dir} is not delegated to us` };
  const offered = (cgroups.read(`${dir}/cgroup.controllers`) ?? "").split(/\s+/);
  const missing = () => {
    for (const pid of (cgroups.read(`${dir}/cgroup.procs`) ?? "").split("\n").filter(Boolean)) {
      cgroups.write(`${leaf}/cgroup.procs`, pid);
    }
    return controllers
      .filter((controller) => offered.includes(controller))
      .filter((controller) => !cgroups.write(`${dir}/cgroup.subtree_control`, `+${controller}`));
  };
  for (let tries = 0; tries < 3 && missing().length > 0; tries += 1);
  return { kind: "entered", dir };
}

function isOwnSocket(path: string, uid: number): boolean {
  try {
    const stat = lstatSync(path);
    return stat.isSocket() && stat.uid === uid;
  } catch {
    return false;
  }
}

const isWritable = (dir: string) => may(dir, constants.W_OK);

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import type { MachineFacts } from "./machine-facts.ts";

type Kernel = Pick<MachineFacts, "distribution" | "wsl" | "inContainer" | "kernelSettings" | "seccomp" | "cgroup">;

/** What /proc, /sys and /etc say; anything unreadable counts as not there. */
export function readKernelFacts(uid: number): Kernel {
  const osRelease = readText("/etc/os-release");
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(osRelease)?.[1];
  return {
    distribution: { id: field("ID") ?? "", name: field("PRETTY_NAME") ?? "" },
    wsl: readWsl(),
    inContainer: existsSync("/.dockerenv") || existsSync("/run/.containerenv"),
    kernelSettings: {
      ...setting("unprivilegedUserNamespaces", "/proc/sys/kernel/unprivileged_userns_clone"),
      ...setting("maxUserNamespaces", "/proc/sys/user/max_user_namespaces"),
      ...setting("apparmorRestrictsUserNamespaces", "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
    },
    seccomp: existsSync("/proc/sys/kernel/seccomp/actions_avail") || /^Seccomp:/m.test(readText("/proc/self/status")),
    cgroup: readCgroup(uid),
  };
}

function readWsl(): 0 | 1 | 2 {
  const release = readText("/proc/sys/kernel/osrelease");
  if (!/microsoft/i.test(release)) return 0;
  return /WSL2|microsoft-standard/.test(release) ? 2 : 1;
}

/** Where limits could be set: the version of the memory controller's hierarchy, and whether our own group is ours to divide. */
function readCgroup(uid: number): MachineFacts["cgroup"] {
  const hasUserManager = existsSync(`/run/user/${uid}/systemd/private`);
  const groups = readText("/proc/self/cgroup").trim().split("\n");
  const mounts = readText("/proc/mounts").split("\n");
  const own = (pattern: RegExp) => groups.map((line) => pattern.exec(line)?.[1]).find((path) => path !== undefined);
  const memory = mounts.find((line) => /^\S+ \S+ cgroup \S*\bmemory\b/.test(line))?.split(" ")[1];
  if (memory !== undefined) {
    const path = own(/^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/) ?? "/";
    return { version: 1, isWritable: isWritable(memory + path), hasUserManager };
  }
  const unified = mounts.find((line) => /^\S+ \S+ cgroup2 /.test(line))?.split(" ")[1];
  if (unified === undefined) return { version: 0, isWritable: false, hasUserManager };
  const folder = unified + (own(/^0::(.*)$/) ?? "/");
  const isOurs = isWritable(folder) && isWritable(`${folder}/cgroup.subtree_control`);
  return { version: 2, isWritable: isOurs, hasUserManager };
}

function setting<K extends string>(key: K, path: string): { readonly [P in K]?: number } {
  const text = readText(path).trim();
  return (text === "" ? {} : { [key]: Number(text) }) as { readonly [P in K]?: number };
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

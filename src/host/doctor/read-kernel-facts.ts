import { existsSync, readFileSync } from "node:fs";
import type { MachineFacts } from "./machine-facts.ts";

type Kernel = Pick<MachineFacts, "distribution" | "wsl" | "inContainer" | "kernelSettings" | "seccomp">;

/** What /proc, /sys and /etc say; anything unreadable counts as not there. */
export function readKernelFacts(): Kernel {
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
  };
}

function readWsl(): 0 | 1 | 2 {
  const release = readText("/proc/sys/kernel/osrelease");
  if (!/microsoft/i.test(release)) return 0;
  return /WSL2|microsoft-standard/.test(release) ? 2 : 1;
}

function setting<K extends string>(key: K, path: string): { readonly [P in K]?: number } {
  const text = readText(path).trim();
  return (text === "" ? {} : { [key]: Number(text) }) as { readonly [P in K]?: number };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

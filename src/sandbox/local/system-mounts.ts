import type { FileFacts } from "../../host/process/file-facts.ts";
import type { sandboxFolders } from "../sandbox-folders.ts";
import { trustBundlePaths } from "../trust-files.ts";
import type { ViewMount } from "./view.ts";

/** Top-level folders that programs need besides `/usr`; on a merged system they are links into it. */
export const topFolders = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/** What of the machine's `/etc` programs need and is too large to copy; nothing here holds a secret, a user or a way out. */
const etcNames = [
  "alternatives",
  "ca-certificates/extracted",
  "crypto-policies",
  "fonts",
  "ld.so.cache",
  "localtime",
  "os-release",
  "pki/ca-trust/extracted",
  "pki/tls/cert.pem",
  "pki/tls/certs",
  "ssl/cert.pem",
  "ssl/certs",
];
const etcPatterns = [/^java(-\d.*)?$/];

/** Parts of `/proc` that tell of the machine rather than of the sandbox. Those for root alone show to an agent that root started. */
const coveredFiles = ["keys", "interrupts"];
const coveredFilesOfRoot = [
  "kcore",
  "kpagecgroup",
  "kpagecount",
  "kpageflags",
  "latency_stats",
  "sched_debug",
  "timer_list",
  "timer_stats",
];
const coveredFolders = ["acpi", "asound", "fs", "scsi"];

/** The system's read-only folders, and an `/etc` that is made of `etc` (ours) and little else. */
export function systemMounts(files: FileFacts, etcFolder: string): readonly ViewMount[] {
  const top = topFolders.flatMap((path) => mirror(files, path));
  const patterned = files.names("/etc").filter((name) => etcPatterns.some((pattern) => pattern.test(name)));
  const etc = [...etcNames, ...patterned].flatMap((name) => mirror(files, `/etc/${name}`));
  return [
    { kind: "ro-bind", source: "/usr", target: "/usr" },
    ...top,
    // Writable until the last mount point in it is made.
    { kind: "bind", source: etcFolder, target: "/etc" },
    ...etc,
    { kind: "symlink", source: "/proc/self/mounts", target: "/etc/mtab" },
    { kind: "dir", target: "/run" },
    { kind: "dir", target: "/var" },
    { kind: "symlink", source: "/run", target: "/var/run" },
    { kind: "symlink", source: "/tmp", target: "/var/tmp" },
  ];
}

/** The machine's trust bundles, covered by the sandbox's own: with the gate's authority in it. */
export function trustMounts(files: FileFacts, bundle: string): readonly ViewMount[] {
  const present = new Set(trustBundlePaths.map((path) => files.realPath(path)).filter((path) => path !== undefined));
  const targets = present.size === 0 ? trustBundlePaths.slice(0, 1) : [...present];
  return targets.map((target) => ({ kind: "ro-bind", source: bundle, target }));
}

/** A process file system of the sandbox's own, in which only its own processes can be changed. */
export function procMounts(
  files: FileFacts,
  folders: ReturnType<typeof sandboxFolders>,
  isRoot: boolean,
): readonly ViewMount[] {
  const hidden = [...coveredFiles, ...(isRoot ? coveredFilesOfRoot : [])].filter(
    (name) => files.kindOf(`/proc/${name}`) !== undefined,
  );
  const emptied = coveredFolders.filter((name) => files.kindOf(`/proc/${name}`) !== undefined);
  return [
    { kind: "proc", target: "/proc" },
    // Run as root, the agent would own /proc/sys in the kernel's eyes: nothing but the mount keeps it from writing there.
    { kind: "ro-bind", source: "/proc/sys", target: "/proc/sys" },
    ...hidden.map((name): ViewMount => ({ kind: "ro-bind", source: folders.empty, target: `/proc/${name}` })),
    ...emptied.map((name): ViewMount => ({ kind: "ro-bind", source: folders.emptyDir, target: `/proc/${name}` })),
  ];
}

/** A link becomes the same link, all else a read-only mount; what is not there is left out. */
export function mirror(files: FileFacts, path: string): readonly ViewMount[] {
  const kind = files.kindOf(path);
  if (kind === undefined) return [];
  const target = kind === "link" ? files.linkTarget(path) : undefined;
  if (target !== undefined) return [{ kind: "symlink", source: target, target: path }];
  return [{ kind: "ro-bind", source: path, target: path }];
}

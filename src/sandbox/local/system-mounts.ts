import type { FileFacts } from "../../host/process/file-facts.ts";
import type { sandboxFolders } from "./sandbox-folders.ts";
import type { ViewMount } from "./view.ts";

/** Top-level folders that programs need besides `/usr`; on a merged system they are links into it. */
const besideUsr = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/** What of the machine's `/etc` programs need, and nothing that could hold a secret, a user or a way out. */
const etcNames = [
  "alternatives",
  "ca-certificates/extracted",
  "crypto-policies",
  "debian_version",
  "fonts",
  "gai.conf",
  "inputrc",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "locale.alias",
  "localtime",
  "lsb-release",
  "magic",
  "magic.mime",
  "mime.types",
  "os-release",
  "perl",
  "pki/ca-trust/extracted",
  "pki/tls/cert.pem",
  "pki/tls/certs",
  "pki/tls/openssl.cnf",
  "protocols",
  "services",
  "ssl/cert.pem",
  "ssl/certs",
  "ssl/openssl.cnf",
  "terminfo",
  "timezone",
  "xattr.conf",
];
const etcPatterns = [/^java(-\d.*)?$/, /^python3?(\.\d+)?$/];

/** Where programs look for the machine's roots of trust, by distribution. */
export const trustBundlePaths = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** Parts of `/proc` that tell of the machine rather than of the sandbox, or steer it. */
const coveredFiles = [
  "kcore",
  "key-users",
  "keys",
  "kpagecgroup",
  "kpagecount",
  "kpageflags",
  "latency_stats",
  "sched_debug",
  "sysrq-trigger",
  "timer_list",
  "timer_stats",
  "vmallocinfo",
  "slabinfo",
  "pagetypeinfo",
  "interrupts",
];
const coveredFolders = ["acpi", "asound", "bus", "fs", "irq", "scsi"];

/** The system's read-only folders and the reduced `/etc`. */
export function systemMounts(files: FileFacts): readonly ViewMount[] {
  const top = besideUsr.flatMap((path) => mirror(files, path));
  const patterned = files.names("/etc").filter((name) => etcPatterns.some((pattern) => pattern.test(name)));
  const etc = [...etcNames, ...patterned].flatMap((name) => mirror(files, `/etc/${name}`));
  return [
    { kind: "ro-bind", source: "/usr", target: "/usr" },
    ...top,
    ...etc,
    { kind: "symlink", source: "/proc/self/mounts", target: "/etc/mtab" },
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
export function procMounts(files: FileFacts, folders: ReturnType<typeof sandboxFolders>): readonly ViewMount[] {
  const hidden = coveredFiles.filter((name) => files.kindOf(`/proc/${name}`) !== undefined);
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
function mirror(files: FileFacts, path: string): readonly ViewMount[] {
  const kind = files.kindOf(path);
  if (kind === undefined) return [];
  const target = kind === "link" ? files.linkTarget(path) : undefined;
  if (target !== undefined) return [{ kind: "symlink", source: target, target: path }];
  return [{ kind: "ro-bind", source: path, target: path }];
}

import type { ChildProcess } from "node:child_process";
import { dirname } from "node:path";
import type { Writable } from "node:stream";
import type { FileFacts } from "../../host/process/file-facts.ts";
import type { ProcessIdentity } from "../../host/process-identity.ts";
import { gateMark } from "./owner-mark.ts";
import { renderMounts } from "./render-mounts.ts";
import { compileFilter, encodeFilter } from "./seccomp/compile-filter.ts";
import type { LocalContext } from "./start-holder.ts";
import { mirror, topFolders } from "./system-mounts.ts";
import type { ViewMount } from "./view.ts";

/** What the gate's program needs of the machine. */
export interface GateOptions {
  /** What Node runs: a file, and its words. */
  readonly program: readonly string[];
  /** Folders that the program is loaded from: its source or its bundle, and its packages. */
  readonly readOnlyPaths: readonly string[];
  /** Who it serves: by this a later start knows what a killed keeper left of it. */
  readonly keeper: Pick<ProcessIdentity, "pid" | "startTicks">;
  /** Further roots of trust of the machine's owner, as in NODE_EXTRA_CA_CERTS: shown to the gate and named to it. */
  readonly extraCaFile?: string;
}

const nobody = "65534";
const seccompDescriptor = 4;

/** What of `/etc` the gate needs: trust, name resolution, the loader. */
const etcPaths = [
  "/etc/alternatives",
  "/etc/ca-certificates/extracted",
  "/etc/crypto-policies",
  "/etc/gai.conf",
  "/etc/host.conf",
  "/etc/hosts",
  "/etc/ld.so.cache",
  "/etc/localtime",
  "/etc/nsswitch.conf",
  "/etc/pki/ca-trust/extracted",
  "/etc/pki/tls/cert.pem",
  "/etc/pki/tls/certs",
  "/etc/pki/tls/openssl.cnf",
  "/etc/services",
  "/etc/ssl/cert.pem",
  "/etc/ssl/certs",
  "/etc/ssl/openssl.cnf",
];

/**
 * Starts the gate in a confinement of its own: the host's network, and of the rest only what Node and name resolution need.
 * Streams: control in and out, errors, IPC for listening sockets. It ends with us.
 */
export function startGateProcess({ host, defences }: LocalContext, given: GateOptions): ChildProcess {
  const options = withoutMissing(host, given);
  const { bwrap, node } = host.programs;
  const filter = compileFilter(host.arch, defences.seccomp({ unixSockets: "deny", fixedAffinity: false }));
  const environment = {
    PATH: "/usr/bin:/bin",
    ...(options.extraCaFile !== undefined && { NODE_EXTRA_CA_CERTS: options.extraCaFile }),
  };
  const child = host.spawn(
    bwrap,
    [...renderGateArguments({ host, defences }, options), "--", node, ...options.program],
    {
      stdio: ["pipe", "pipe", "pipe", "ipc", "pipe"],
      env: environment,
      cwd: "/",
      detached: true,
    },
  );
  const handed = child.stdio[seccompDescriptor] as Writable | null | undefined;
  handed?.on("error", () => {}); // A gate that could not be started shows in its exit.
  handed?.end(encodeFilter(filter));
  return child;
}

/** Node itself goes on without a file that its variable names in vain; so does the gate. */
function withoutMissing({ files }: LocalContext["host"], { extraCaFile, ...options }: GateOptions): GateOptions {
  const real = extraCaFile?.startsWith("/") ? files.realPath(extraCaFile) : undefined;
  const isFile = real !== undefined && files.kindOf(real) === "file";
  return extraCaFile !== undefined && isFile ? { ...options, extraCaFile } : options;
}

/** bubblewrap's arguments around the gate. Looks at the file system, changes nothing. */
export function renderGateArguments({ host, defences }: LocalContext, options: GateOptions): readonly string[] {
  const { files, programs } = host;
  const shown = [programs.node, ...options.readOnlyPaths, ...(options.extraCaFile ? [options.extraCaFile] : [])];
  const mounts: readonly ViewMount[] = [
    { kind: "ro-bind", source: "/usr", target: "/usr" },
    ...[...topFolders, ...etcPaths].flatMap((path) => mirror(files, path)),
    ...resolvConf(files),
    { kind: "proc", target: "/proc" },
    { kind: "dev", target: "/dev" },
    { kind: "remount-ro", target: "/dev" },
    { kind: "tmpfs", target: "/tmp", bytes: 64 * 1024 ** 2 },
    ...shown
      .filter((path) => !path.startsWith("/usr/"))
      .map((path): ViewMount => ({ kind: "ro-bind", source: files.realPath(path) ?? path, target: path })),
    { kind: "remount-ro", target: "/" },
  ];
  return [
    // All but the network: reaching the world is what the gate is for.
    ...defences.namespaces.filter((argument) => argument !== "--unshare-net"),
    ...["--uid", nobody, "--gid", nobody, "--hostname", "gate"],
    ...defences.lifetime,
    ...defences.session,
    ...defences.capabilities,
    ...renderMounts(mounts),
    ...gateMark(options.keeper, host.processes.namespace(options.keeper.pid, "pid")),
    ...["--chdir", "/"],
    ...["--seccomp", String(seccompDescriptor)],
  ];
}

/** Where the file is a link (systemd, NetworkManager), its folder is shown: the machine replaces the file when networks change. */
function resolvConf(files: FileFacts): readonly ViewMount[] {
  const path = "/etc/resolv.conf";
  const real = files.realPath(path);
  const target = files.linkTarget(path);
  if (real === undefined) return [];
  if (target === undefined || real.startsWith("/etc/")) return [{ kind: "ro-bind", source: real, target: path }];
  return [
    { kind: "ro-bind", source: dirname(real), target: dirname(real) },
    { kind: "symlink", source: real, target: path },
  ];
}

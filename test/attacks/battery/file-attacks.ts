import type { Attack, Patch, Setting } from "../attack.ts";
import { alsoShow, asRoot, hostConfig, openSystemPaths } from "./docker-words.ts";

const defences = "src/sandbox/local/defences.ts";
const secretInside = "1 no secret inside";
const sealed = "2 sealed by the kernel";

/** Shows one more folder of the host inside. */
const alsoMount = (kind: "bind" | "ro-bind", path: string): { readonly patches: readonly Patch[] } => ({
  patches: [
    {
      file: defences,
      find: `  root: [{ kind: "remount-ro", target: "/" }]`,
      replace: `  root: [{ kind: "${kind}", source: "${path}", target: "${path}" }, { kind: "remount-ro", target: "/" }]`,
    },
  ],
});
const hostDevices: readonly Patch[] = [
  {
    file: defences,
    find: `{ kind: "dev", target: "/dev" }`,
    replace: `{ kind: "dev-bind", source: "/dev", target: "/dev" }`,
  },
  { file: defences, find: `\n    { kind: "remount-ro", target: "/dev" },`, replace: "" },
  // The host's own nodes are no mounts that could be sealed.
  {
    file: "src/sandbox/local/namespace-helper.ts",
    find: "host.isRoot ? deviceNodes : []",
    replace: "host.isRoot ? [] : deviceNodes",
  },
];

const reading = (name: string, path: string, shown: string): Attack => ({
  name,
  breaks: secretInside,
  program: "run-shell.sh",
  setting: { variables: { SCRIPT: `cat ${path}` } },
  defence: "nothing of the host is mounted but what is needed",
  off: alsoMount("ro-bind", shown),
  docker: { off: { patches: [alsoShow(shown)] } },
  evidence: { kind: "secret" },
});
const stateOnDocker = {
  docker: {
    defence: "the state folder is not mounted, the agent is not root",
    off: { patches: [alsoShow("/srv/home/victim/.local/state/caisson", "write"), asRoot] },
  },
} as const;
const home = "/srv/home/victim";

/** The person's files, and Caisson's own. */
const files: readonly Attack[] = [
  reading("host-home", `${home}/.ssh/id_ed25519`, `${home}/.ssh`),
  reading("host-dotfile", `${home}/.aws/credentials`, `${home}/.aws`),
  {
    ...reading("link-to-host-file", "innocent", `${home}/.ssh`),
    setting: { variables: { SCRIPT: `ln -s ${home}/.ssh/id_ed25519 innocent; cat innocent` } },
  },
  {
    ...reading("link-in-repository", ".claude/id_ed25519", home),
    setting: { prepare: `ln -s ../../../.ssh linked`, variables: { SCRIPT: "cat linked/id_ed25519" } },
    off: alsoMount("ro-bind", `${home}/.ssh`),
    docker: { off: { patches: [alsoShow(`${home}/.ssh`)] } },
  },
  {
    name: "other-sandboxes-state",
    breaks: secretInside,
    program: "run-shell.sh",
    setting: {
      prepare: `mkdir -p ${home}/.local/state/caisson/sandboxes/neighbour && echo $SECRET > ${home}/.local/state/caisson/sandboxes/neighbour/events.jsonl`,
      variables: { SCRIPT: `cat ${home}/.local/state/caisson/sandboxes/neighbour/events.jsonl` },
    },
    defence: "the state folder is not mounted",
    off: alsoMount("bind", `${home}/.local/state/caisson`),
    ...stateOnDocker,
    evidence: { kind: "secret" },
  },
  {
    name: "keeper-socket",
    breaks: sealed,
    program: "/opt/node/node /opt/attack/keeper-socket.ts",
    setting: { manifest: { unixSockets: "allow" }, variables: { TARGET: `${home}/.local/state/caisson/sandboxes` } },
    defence: "the state folder is not mounted",
    off: alsoMount("bind", `${home}/.local/state/caisson`),
    ...stateOnDocker,
    evidence: { kind: "word" },
  },
];

const socket = (name: string, path: string): Attack => ({
  name,
  breaks: sealed,
  program: "unix-connect",
  setting: { manifest: { unixSockets: "allow" }, variables: { TARGET: path } },
  defence: "sockets of the host are not mounted",
  off: alsoMount("bind", path),
  docker: { off: { patches: [alsoShow(path, "write")] } },
  evidence: { kind: "secret" },
});

const writingBack = (name: string, path: string, defence: string, off: Attack["off"], more: Setting = {}): Attack => ({
  name,
  breaks: sealed,
  program: "write-back",
  setting: { variables: { TARGET: path, ...more.variables } },
  defence,
  off,
  evidence: { kind: "word" },
  unless: `[ ! -w ${path} ]`,
});
const writableProc: { readonly patches: readonly Patch[] } = {
  patches: [
    {
      file: "src/sandbox/local/system-mounts.ts",
      find: `{ kind: "ro-bind", source: "/proc/sys", target: "/proc/sys" }`,
      replace: `{ kind: "bind", source: "/proc/sys", target: "/proc/sys" }`,
    },
  ],
};

const procOnDocker = {
  docker: { defence: "/proc/sys is read-only, the agent is not root", off: { patches: [openSystemPaths, asRoot] } },
};
const sysOnDocker = {
  docker: {
    defence: "/sys is read-only, the agent is not root",
    off: { patches: [alsoShow("/sys", "write"), asRoot] },
  },
};
const consoleCalls: Patch = {
  file: "src/sandbox/seccomp/seccomp-rules.ts",
  find: "[TIOCSTI, TIOCLINUX, TIOCSETD]",
  replace: "[TIOCSTI, TIOCSETD]",
};
const devicesOnDocker = {
  defence: "no device of the host, the agent is not root",
  off: { patches: [alsoShow("/dev", "write"), hostConfig('DeviceCgroupRules: ["a *:* rwm"]'), asRoot] },
};

/** Sockets, kernel files and devices of the host. */
const kernel: readonly Attack[] = [
  socket("docker-socket", "/run/docker.sock"),
  socket("session-bus", "/run/dbus/system_bus_socket"),
  {
    ...writingBack("core-pattern", "/proc/sys/kernel/core_pattern", "/proc/sys is read-only", writableProc),
    ...procOnDocker,
  },
  {
    ...writingBack("kernel-settings", "/proc/sys/vm/overcommit_memory", "/proc/sys is read-only", writableProc),
    ...procOnDocker,
  },
  {
    ...writingBack(
      "sys-write",
      "/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs",
      "/sys is not mounted",
      alsoMount("bind", "/sys"),
    ),
    ...sysOnDocker,
  },
  {
    name: "leaving-the-cgroup",
    breaks: sealed,
    program: "run-shell.sh",
    setting: {
      variables: {
        SCRIPT:
          "for f in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/pids/cgroup.procs; do echo $$ > $f && exit; done; exit 1",
      },
    },
    defence: "/sys is not mounted",
    off: alsoMount("bind", "/sys"),
    evidence: { kind: "word" },
    unless: "[ $(id -u) != 0 ]",
    ...sysOnDocker,
  },
  {
    name: "host-disk",
    breaks: sealed,
    program: "device-disk",
    defence: "a /dev of its own",
    off: { patches: hostDevices },
    evidence: { kind: "word" },
    unless: "! ls /dev/vda /dev/sda /dev/nvme0n1 /dev/xvda /dev/loop0 2>/dev/null | grep -q .",
    docker: devicesOnDocker,
  },
  {
    name: "kernel-log-write",
    breaks: sealed,
    program: "kmsg-write",
    defence: "a /dev of its own",
    off: { patches: hostDevices },
    evidence: { kind: "word" },
    unless: "[ ! -w /dev/kmsg ]",
    docker: devicesOnDocker,
  },
  {
    name: "console-control",
    breaks: sealed,
    program: "tioclinux",
    defence: "a /dev of its own, filter: no TIOCLINUX",
    off: {
      patches: [...hostDevices, consoleCalls],
    },
    evidence: { kind: "word" },
    unless: "[ ! -c /dev/tty63 ]",
    docker: {
      defence: "no device of the host, not root, filter: no TIOCLINUX",
      off: { patches: [...devicesOnDocker.off.patches, consoleCalls] },
    },
  },
];

/** Files, sockets and devices of the host. */
export const fileAttacks: readonly Attack[] = [...files, ...kernel];

import type { Attack, Patch } from "../attack.ts";
import { keyName } from "../victim.ts";

const allowedList = "src/sandbox/seccomp/allowed-syscalls.ts";
const rulesFile = "src/sandbox/seccomp/seccomp-rules.ts";

/** Lets further system calls through the filter. */
const alsoAllow = (calls: string): readonly Patch[] => [
  { file: allowedList, find: "  accept accept4 ", replace: `  ${calls} accept accept4 ` },
];
const withoutRule = (find: string, replace = ""): readonly Patch[] => [{ file: rulesFile, find, replace }];

const seccomp = { breaks: "2 sealed by the kernel" } as const;

/** System calls that no agent needs and that most escapes begin with. */
export const kernelAttacks: readonly Attack[] = [
  {
    ...seccomp,
    name: "keyring",
    program: "keyring",
    setting: { variables: { TARGET: keyName } },
    defence: "filter: no keyring calls",
    off: { patches: alsoAllow("keyctl request_key add_key") },
    evidence: { kind: "secret" },
    notOn: { docker: "a container's keyring is its own" },
  },
  {
    ...seccomp,
    name: "perf-event",
    program: "perf-event",
    defence: "filter: no perf_event_open",
    off: { patches: alsoAllow("perf_event_open") },
    evidence: { kind: "word" },
    unless: "[ $(cat /proc/sys/kernel/perf_event_paranoid) -gt 2 ]",
  },
  {
    ...seccomp,
    name: "userfaultfd",
    program: "userfaultfd",
    defence: "filter: no userfaultfd",
    off: { patches: alsoAllow("userfaultfd") },
    evidence: { kind: "word" },
  },
  {
    ...seccomp,
    name: "bpf",
    program: "bpf",
    defence: "filter: no bpf",
    off: { patches: alsoAllow("bpf") },
    evidence: { kind: "word" },
    unless: "[ $(cat /proc/sys/kernel/unprivileged_bpf_disabled) -gt 0 ]",
  },
  {
    ...seccomp,
    name: "kernel-log",
    program: "kernel-log",
    defence: "filter: no syslog",
    off: { patches: alsoAllow("syslog") },
    evidence: { kind: "word" },
    unless: "[ $(cat /proc/sys/kernel/dmesg_restrict) -gt 0 ]",
  },
  {
    ...seccomp,
    name: "user-namespace",
    program: "userns-mount",
    defence: "filter: no new namespaces (unshare), no mount",
    off: { patches: alsoAllow("unshare mount") },
    evidence: { kind: "word" },
  },
  {
    ...seccomp,
    name: "user-namespace-clone3",
    program: "userns-clone3",
    defence: "filter: no clone3, no mount",
    off: {
      patches: [...alsoAllow("clone3 mount"), ...withoutRule(`new Set(["clone3", "openat2"])`, `new Set(["openat2"])`)],
    },
    evidence: { kind: "word" },
  },
  {
    ...seccomp,
    name: "host-socket-in-workspace",
    program: "unix-connect",
    setting: { hostSocket: "host.sock", variables: { TARGET: "host.sock" } },
    defence: "filter: no unix sockets",
    off: { setting: { manifest: { unixSockets: "allow" } } },
    evidence: { kind: "secret" },
  },
  {
    ...seccomp,
    name: "host-socket-by-io-uring",
    program: "unix-connect-uring",
    setting: { hostSocket: "host.sock", variables: { TARGET: "host.sock" } },
    defence: "filter: no io_uring",
    off: { patches: alsoAllow("io_uring_setup io_uring_enter") },
    evidence: { kind: "secret" },
    unless: "[ $(cat /proc/sys/kernel/io_uring_disabled 2>/dev/null || echo 0) -gt 0 ]",
  },
  {
    ...seccomp,
    name: "host-socket-by-32-bit-call",
    program: "unix-connect-int80",
    setting: { hostSocket: "host.sock", variables: { TARGET: "host.sock" } },
    defence: "filter: other architectures' calls end the process",
    off: {
      patches: [
        {
          file: "src/sandbox/local/seccomp/compile-filter.ts",
          find: "answer(KILL_PROCESS)",
          replace: "answer(ALLOW)",
        },
      ],
    },
    evidence: { kind: "secret" },
    unless: "[ $(uname -m) != x86_64 ]",
    docker: {
      defence: "filter: no other architectures' calls, no unix sockets",
      off: {
        patches: [
          {
            file: "src/sandbox/docker/render-seccomp.ts",
            find: "architectures: [architectures[arch]],",
            replace: 'architectures: [architectures[arch], "SCMP_ARCH_X86"],',
          },
        ],
        setting: { manifest: { unixSockets: "allow" } },
      },
    },
  },
  {
    ...seccomp,
    name: "terminal-injection",
    program: "tiocsti",
    setting: { terminal: "both" },
    defence: "filter: no TIOCSTI",
    off: { patches: withoutRule("[TIOCSTI, TIOCLINUX, TIOCSETD]", "[TIOCLINUX, TIOCSETD]") },
    evidence: { kind: "word" },
    unless: "[ $(cat /proc/sys/dev/tty/legacy_tiocsti 2>/dev/null || echo 1) = 0 ]",
  },
  {
    ...seccomp,
    name: "setuid-file",
    program: "run-shell.sh",
    setting: { variables: { SCRIPT: "cp /bin/sh ./shell && chmod 4755 ./shell" } },
    defence: "filter: no setuid files",
    off: { patches: withoutRule(`      noSetuid("fchmodat", 2),\n`) },
    evidence: { kind: "host", check: "[ -u shell ] && ls -l shell" },
  },
  {
    ...seccomp,
    name: "setuid-file-without-name",
    program: "setuid-nameless",
    defence: "filter: no setuid files",
    off: { patches: withoutRule("const O_TMPFILE = 0o2000_0000;", "const O_TMPFILE = 0;") },
    evidence: { kind: "host", check: "[ -u shell ] && ls -l shell" },
  },
  {
    ...seccomp,
    name: "host-datagram-socket-by-pair",
    program: "unix-datagram",
    setting: {
      prepare:
        "socat -u UNIX-RECV:datagrams CREATE:heard >/dev/null 2>&1 & while ! [ -S datagrams ]; do sleep 0.02; done",
      variables: { TARGET: "datagrams" },
    },
    defence: "filter: no pairs of datagram sockets",
    off: { patches: withoutRule('...(options.unixSockets === "deny" ? [noDatagramPair] : []),') },
    evidence: {
      kind: "host",
      // What the agent sent comes before what we send.
      check: `echo the end | socat -u - UNIX-SENDTO:datagrams
        until grep -q "the end" heard; do sleep 0.02; done; grep -q "$MARKER" heard && echo heard`,
    },
  },
  {
    ...seccomp,
    name: "device-mode",
    program: "run-shell.sh",
    setting: { variables: { SCRIPT: "for node in null zero full random urandom tty; do chmod 666 /dev/$node; done" } },
    defence: "device nodes are mounted read-only",
    off: {
      patches: [
        {
          file: "src/sandbox/local/namespace-helper.ts",
          find: "host.isRoot ? deviceNodes : []",
          replace: "host.isRoot ? [] : deviceNodes",
        },
      ],
    },
    evidence: { kind: "word" },
    unless: "[ $(id -u) != 0 ]",
    notOn: { docker: "a container's device nodes are its own" },
  },
];

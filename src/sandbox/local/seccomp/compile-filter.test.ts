import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpretFilter } from "../../../../test/kit/interpret-filter.ts";
import { type SeccompArch, seccompRules } from "../../seccomp/seccomp-rules.ts";
import { compileFilter, encodeFilter } from "./compile-filter.ts";
import { syscallsOfArm64 } from "./syscalls-of-arm64.ts";
import { syscallsOfX64 } from "./syscalls-of-x64.ts";

const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const errno = (number: number) => 0x0005_0000 | number;
const EPERM = errno(1);
const ENOSYS = errno(38);
const EAFNOSUPPORT = errno(97);

const machines = [
  { arch: "x64" as const, audit: 0xc000_003e, numbers: syscallsOfX64 },
  { arch: "arm64" as const, audit: 0xc000_00b7, numbers: syscallsOfArm64 },
];

/** What a call gets on one machine; undefined when the machine has no such call. */
function ask(arch: SeccompArch, name: string, values: readonly bigint[] = [], options = {}) {
  const machine = machines.find((each) => each.arch === arch);
  const number = machine?.numbers.get(name);
  if (machine === undefined || number === undefined) return undefined;
  const rules = seccompRules({ unixSockets: "deny", fixedAffinity: false, ...options });
  return interpretFilter(compileFilter(arch, rules), { arch: machine.audit, number, arguments: values });
}

// What Docker's profile refuses to a container without capabilities, and what sandboxes of agents refuse on top.
const dangerous = `
  acct add_key bpf chroot clock_settime create_module delete_module fanotify_init finit_module fsconfig fsmount fsopen
  fspick get_kernel_syms get_mempolicy init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp
  kexec_file_load kexec_load keyctl lookup_dcookie mbind memfd_secret migrate_pages modify_ldt mount mount_setattr
  move_mount move_pages name_to_handle_at nfsservctl open_by_handle_at open_tree open_tree_attr perf_event_open
  pidfd_getfd pivot_root process_madvise process_vm_readv process_vm_writev ptrace query_module quotactl quotactl_fd
  reboot request_key set_mempolicy set_mempolicy_home_node sethostname setdomainname setns settimeofday swapoff swapon
  sysfs _sysctl syslog umount2 unshare uselib userfaultfd ustat vhangup vserver`
  .trim()
  .split(/\s+/);

const anyNumber = fc.oneof(fc.nat(600), fc.nat(0xffff_ffff));
const anyWord = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe.each(machines)("filter of $arch", ({ arch, audit, numbers }) => {
  const rules = seccompRules({ unixSockets: "deny", fixedAffinity: false });
  const program = compileFilter(arch, rules);

  it("is a program that the kernel takes", () => {
    expect(program.length).toBeLessThan(4096);
    expect(encodeFilter(program).length).toBe(program.length * 8);
  });

  it.each(dangerous)("refuses %s", (name) => {
    expect([EPERM, ENOSYS, undefined]).toContain(ask(arch, name));
  });

  it("gives every known call what the rules say of it", () => {
    const ruled = new Set(rules.arguments.map(({ syscall }) => syscall));
    for (const [name, number] of numbers) {
      if (ruled.has(name)) continue;
      const expected = rules.absent.has(name) ? ENOSYS : rules.allowed.has(name) ? ALLOW : EPERM;
      expect([name, interpretFilter(program, { arch: audit, number })]).toEqual([name, expected]);
    }
  });

  it("says ENOSYS to calls newer than our table, so that libraries fall back", () => {
    expect(interpretFilter(program, { arch: audit, number: 470 })).toBe(ENOSYS);
    expect(interpretFilter(program, { arch: audit, number: -1 })).toBe(ENOSYS);
  });

  it("lets no call of any number or argument pass that is not allowed by name", () => {
    const byNumber = new Map([...numbers].map(([name, number]) => [number, name]));
    fc.assert(
      fc.property(anyNumber, fc.array(anyWord, { maxLength: 6 }), (number, values) => {
        const answer = interpretFilter(program, { arch: audit, number, arguments: values });
        if (answer === ALLOW) expect(rules.allowed).toContain(byNumber.get(number));
      }),
    );
  });

  it("kills calls of another architecture", () => {
    const foreign = [0x4000_0003, 0x4000_0028, 0xc000_003e, 0xc000_00b7].filter((other) => other !== audit);
    for (const other of foreign) expect(interpretFilter(program, { arch: other, number: 1 })).toBe(KILL);
  });

  it("refuses terminal injection whatever the high half of the command is", () => {
    for (const command of [0x5412n, 0x541cn, 0x5423n]) {
      expect(ask(arch, "ioctl", [0n, command])).toBe(EPERM);
      expect(ask(arch, "ioctl", [0n, (1n << 32n) | command])).toBe(EPERM);
    }
    expect(ask(arch, "ioctl", [0n, 0x5413n])).toBe(ALLOW);
  });

  it("allows sockets of the internet and netlink only; unix ones when the policy says so; unix pairs always", () => {
    const families = Array.from({ length: 46 }, (_, family) => BigInt(family));
    const allowed = (options = {}) => families.filter((family) => ask(arch, "socket", [family], options) === ALLOW);
    expect(allowed()).toEqual([2n, 10n, 16n]);
    expect(allowed({ unixSockets: "allow" })).toEqual([1n, 2n, 10n, 16n]);
    expect(ask(arch, "socket", [1n])).toBe(EAFNOSUPPORT);
    expect(ask(arch, "socket", [(1n << 32n) | 1n])).toBe(EAFNOSUPPORT);
    expect(ask(arch, "socketpair", [1n, 1n])).toBe(ALLOW);
    expect(ask(arch, "socketpair", [1n, 5n | 0o2004000n])).toBe(ALLOW);
    expect(ask(arch, "socketpair", [1n, 2n])).toBe(EAFNOSUPPORT);
    expect(ask(arch, "socketpair", [1n, 3n | 0o2004000n])).toBe(EAFNOSUPPORT);
    expect(ask(arch, "socketpair", [1n, 2n], { unixSockets: "allow" })).toBe(ALLOW);
    expect(ask(arch, "socketpair", [2n])).toBe(EAFNOSUPPORT);
  });

  it("allows threads and children, but no namespace by any flag", () => {
    expect(ask(arch, "clone", [0x3d_0f00n])).toBe(ALLOW);
    expect(ask(arch, "clone", [17n])).toBe(ALLOW);
    for (const bit of [17n, 25n, 26n, 27n, 28n, 29n, 30n]) expect(ask(arch, "clone", [(1n << bit) | 17n])).toBe(EPERM);
    expect(ask(arch, "clone3")).toBe(ENOSYS);
  });

  it("allows the harmless personalities only", () => {
    for (const harmless of [0n, 8n, 0x2_0000n, 0x2_0008n, 0xffff_ffffn])
      expect(ask(arch, "personality", [harmless])).toBe(ALLOW);
    expect(ask(arch, "personality", [0x004_0000n])).toBe(EPERM);
  });

  it("lets no file become setuid or setgid, however it is made", () => {
    expect(ask(arch, "fchmodat", [0n, 0n, 0o4755n])).toBe(EPERM);
    expect(ask(arch, "fchmod", [0n, 0o4755n])).toBe(EPERM);
    expect(ask(arch, "fchmod", [0n, 0o2755n])).toBe(EPERM);
    expect(ask(arch, "fchmod", [0n, 0o1777n])).toBe(ALLOW);
    expect(ask(arch, "openat", [0n, 0n, 0o101n, 0o4755n])).toBe(EPERM);
    expect(ask(arch, "openat", [0n, 0n, 0o101n, 0o755n])).toBe(ALLOW);
    expect(ask(arch, "openat", [0n, 0n, 0n, 0o4755n])).toBe(ALLOW);
    expect(ask(arch, "openat", [0n, 0n, 0o2020_0002n, 0o4755n])).toBe(EPERM);
    expect(ask(arch, "mknodat", [0n, 0n, 0o104755n])).toBe(EPERM);
    expect(ask(arch, "openat2")).toBe(ENOSYS);
  });

  it("pretends to set an affinity where that is the CPU limit", () => {
    expect(ask(arch, "sched_setaffinity")).toBe(ALLOW);
    expect(ask(arch, "sched_setaffinity", [], { fixedAffinity: true })).toBe(errno(0));
  });
});

describe("filter of x64", () => {
  const program = compileFilter("x64", seccompRules({ unixSockets: "allow", fixedAffinity: false }));

  it("refuses every call of the x32 interface", () => {
    for (const number of [0, 1, 41, 512, 547])
      expect(interpretFilter(program, { arch: 0xc000_003e, number: 0x4000_0000 + number })).toBe(ENOSYS);
  });

  it("keeps jumps within reach when ranges are many", () => {
    const scattered = [...syscallsOfX64.keys()].filter((_, index) => index % 2 === 0);
    const wide = compileFilter("x64", {
      allowed: new Set(scattered),
      absent: new Set(),
      pretended: new Set(),
      arguments: [],
    });
    for (const [name, number] of syscallsOfX64) {
      const expected = scattered.includes(name) ? ALLOW : EPERM;
      expect([name, interpretFilter(wide, { arch: 0xc000_003e, number })]).toEqual([name, expected]);
    }
  });
});

describe("tables", () => {
  it("name every call that the rules name, on one architecture at least", () => {
    const rules = seccompRules({ unixSockets: "deny", fixedAffinity: true });
    const named = [
      ...rules.allowed,
      ...rules.absent,
      ...rules.pretended,
      ...rules.arguments.map((rule) => rule.syscall),
    ];
    expect(named.filter((name) => !syscallsOfX64.has(name) && !syscallsOfArm64.has(name))).toEqual([]);
  });

  it("hold known numbers", () => {
    expect([syscallsOfX64.get("execve"), syscallsOfX64.get("openat"), syscallsOfX64.get("mseal")]).toEqual([
      59, 257, 462,
    ]);
    expect([syscallsOfArm64.get("execve"), syscallsOfArm64.get("openat"), syscallsOfArm64.get("mseal")]).toEqual([
      221, 56, 462,
    ]);
  });
});

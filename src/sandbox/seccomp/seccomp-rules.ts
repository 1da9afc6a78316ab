import { allowedSyscalls } from "./allowed-syscalls.ts";

/** Architectures that we have a filter for, in Node's words. */
export type SeccompArch = "x64" | "arm64";

/** A look at one argument of an allowed system call. Only its low 32 bits count: the kernel drops the rest of these too. */
export type ArgumentRule = ValueRule | BitRule;

interface AnyRule {
  readonly syscall: string;
  readonly argument: 0 | 1 | 2 | 3;
  readonly errno: number;
}

interface ValueRule extends AnyRule {
  readonly check: "one-of" | "none-of";
  readonly values: readonly number[];
}

/** Refuses when one of `bits` is set; with `given`, only when one of those is set in another argument too. */
interface BitRule extends AnyRule {
  readonly check: "no-bits";
  readonly bits: number;
  readonly given?: { readonly argument: 0 | 1 | 2 | 3; readonly bits: number };
}

/** What a filter lets through. All else fails with EPERM, or ENOSYS where that is what makes a library fall back. */
export interface SeccompRules {
  readonly allowed: ReadonlySet<string>;
  readonly absent: ReadonlySet<string>;
  readonly arguments: readonly ArgumentRule[];
  /** Calls that do nothing and say that they did it. */
  readonly pretended: ReadonlySet<string>;
}

/** What differs between sandboxes. */
export interface SeccompOptions {
  readonly unixSockets: "deny" | "allow";
  /** Whether the CPU limit is an affinity, which the agent must then not change. */
  readonly fixedAffinity: boolean;
}

const EPERM = 1;
const EAFNOSUPPORT = 97;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const CLONE_NEW_ANY = 0x7e02_0000;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const TIOCSETD = 0x5423;
const O_CREAT = 0o100;
const O_TMPFILE = 0o2000_0000;
const S_ISUID_OR_ISGID = 0o6000;
const personalities = [0, 0x0008, 0x2_0000, 0x2_0008, 0xffff_ffff];

/** The rules of a sandbox: Docker's default list, less tracing, handles, other address families and setuid files. */
export function seccompRules(options: SeccompOptions): SeccompRules {
  const families = [AF_INET, AF_INET6, AF_NETLINK, ...(options.unixSockets === "allow" ? [AF_UNIX] : [])];
  return {
    allowed: new Set(allowedSyscalls),
    // clone3 and openat2 take their flags from memory, which no filter can see.
    absent: new Set(["clone3", "openat2"]),
    arguments: [
      { syscall: "socket", argument: 0, check: "one-of", values: families, errno: EAFNOSUPPORT },
      { syscall: "socketpair", argument: 0, check: "one-of", values: [AF_UNIX], errno: EAFNOSUPPORT },
      ...(options.unixSockets === "deny" ? [noDatagramPair] : []),
      { syscall: "ioctl", argument: 1, check: "none-of", values: [TIOCSTI, TIOCLINUX, TIOCSETD], errno: EPERM },
      { syscall: "clone", argument: 0, check: "no-bits", bits: CLONE_NEW_ANY, errno: EPERM },
      { syscall: "personality", argument: 0, check: "one-of", values: personalities, errno: EPERM },
      // A setuid or setgid file in the workspace would be a way to the person's rights for every user of the machine.
      noSetuid("chmod", 1),
      noSetuid("fchmod", 1),
      noSetuid("fchmodat", 2),
      noSetuid("fchmodat2", 2),
      noSetuid("creat", 1),
      noSetuid("mknod", 1),
      noSetuid("mknodat", 2),
      { ...noSetuid("open", 2), given: { argument: 1, bits: O_CREAT | O_TMPFILE } },
      { ...noSetuid("openat", 3), given: { argument: 2, bits: O_CREAT | O_TMPFILE } },
    ],
    pretended: new Set(options.fixedAffinity ? ["sched_setaffinity"] : []),
  };
}

// Of the types of a pair only datagrams (2, and 3 which means the same) can be sent elsewhere: to any socket file in sight.
const noDatagramPair: BitRule = {
  syscall: "socketpair",
  argument: 1,
  check: "no-bits",
  bits: 0b10,
  errno: EAFNOSUPPORT,
};

const noSetuid = (syscall: string, argument: 1 | 2 | 3): BitRule => ({
  syscall,
  argument,
  check: "no-bits",
  bits: S_ISUID_OR_ISGID,
  errno: EPERM,
});

import type { SeccompArch } from "../seccomp/seccomp-rules.ts";
import type { MountCopy } from "./split-copies.ts";

// What Node cannot ask of the kernel itself, asked by Perl's builtins: it starts in 2 ms, where a second Node takes 25. Perl is
// there on every Debian and its like; where it is not, or refuses, callers have a slower way. No module is loaded.

const callNumbers = {
  x64: { sendmsg: 46, mount: 165, setns: 308 },
  arm64: { sendmsg: 211, mount: 40, setns: 268 },
} as const satisfies Readonly<Record<SeccompArch, object>>;

/** Its exit code when it has made the copies, and what was to be made read-only is not. Whatever else fails tells the kernel's number. */
export const notSealed = 200;

// It is told by one word to go on to the mounts, which are not all made yet when the network is. The namespaces are opened at
// once: by then the process id may be somebody else's.
//
// The listening socket goes out as Node's own helpers send one: a line of JSON on descriptor 3, with the socket beside it.
// A message header is address and length of: name, parts, ancillary data; then flags. The ancillary data is a header (length,
// SOL_SOCKET, SCM_RIGHTS) and the descriptor. The socket does not block (2048), as whoever accepts from it expects.
//
// A copy of a read-only mount is read-only: MS_BIND keeps what it was made with. A mount is remounted with
// MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID: only it, not the machine's file system below it.
const script = `
my ($setns, $sendmsg, $mount, $pid, $port, $copies, @paths) = @ARGV;
my @copies = splice(@paths, 0, 2 * $copies);
my $waits = @paths + @copies;
my ($user, $net, $mnt) = map { open(my $file, "<", "/proc/$pid/ns/$_") or die "$_: $!\\n"; $file } "user", "net", "mnt";
sub enter { syscall(int $setns, fileno $_[0], 0) == 0 or die "setns: $!\\n" }
enter($user);
enter($net);
socket(my $listener, 2, 1 | 2048, 0) or die "socket: $!\\n";
setsockopt($listener, 1, 2, 1) or die "setsockopt: $!\\n";
bind($listener, pack("S n a4 x8", 2, int $port, "\\x7f\\0\\0\\1")) or die "bind: $!\\n";
listen($listener, 511) or die "listen: $!\\n";
my $line = '{"cmd":"NODE_HANDLE","type":"net.Server","msg":{"type":"listener"}}' . "\\n";
my $part = pack("P Q", $line, length $line);
my $rights = pack("Q l l l x4", 20, 1, 1, fileno $listener);
my $message = pack("Q L x4 P Q P Q l x4", 0, 0, $part, 1, $rights, length $rights, 0);
syscall(int $sendmsg, 3, $message, 0) == length $line or die "sendmsg: $!\\n";
open(my $channel, "+<&=", 3) or die "channel: $!\\n";
my $said = "";
do { sysread($channel, $said, 4096, length $said) or exit 1 } until !$waits || $said =~ /seal/;
close $listener;
enter($mnt) if $waits;
while (my ($from, $to) = splice(@copies, 0, 2)) {
  syscall(int $mount, $from, $to, 0, 4096, 0) == 0 or die "mount $to: $!\\n";
}
for my $path (@paths) {
  syscall(int $mount, 0, $path, 0, 32 | 4096 | 1 | 2, 0) == 0 or exit ${notSealed};
}
`;

/**
 * Arguments of Perl that open a port on the loopback of a process's network and hand the listening socket over on descriptor
 * 3; and that, when they are told to (`seal`), make copies of its mounts, and mounts of its read-only. Pure.
 */
export function renderNamespaceHelper(
  arch: SeccompArch,
  {
    pid,
    port,
    copies,
    paths,
  }: {
    readonly pid: number;
    readonly port: number;
    readonly copies: readonly MountCopy[];
    readonly paths: readonly string[];
  },
): readonly string[] {
  const { setns, sendmsg, mount } = callNumbers[arch];
  const pairs = copies.flatMap(({ from, to }) => [from, to]);
  return ["-e", script, ...[setns, sendmsg, mount, pid, port, copies.length].map(String), ...pairs, ...paths];
}

/** What happens outside to every command of a sandbox before it enters: which cgroups it joins, which limits it carries. */
export interface Launcher {
  readonly cgroups: readonly string[];
  /** Largest single file, in bytes. */
  readonly fileBytes: number;
  /** Mode bits that new files do not get: the person's own, not the keeper's, which makes everything private. */
  readonly umask: number;
  /** Processors it may run on, as taskset's list; undefined = any. */
  readonly cpuList?: string;
}

/** Where a launcher opens the sandbox's filter for what it starts. */
export const filterDescriptor = 9;

// Joins before it execs: nothing of the agent's ever runs outside its limits. Opens the filter by its path, because a
// terminal's process can be given no descriptor. `exec` keeps the process id, so that whoever spawned us owns the program.
// It keeps nothing in variables: the command's own come among them. When the machine itself is short of memory, the agent's
// processes are the first to go.
const limitScript = `
echo 500 >/proc/self/oom_score_adj
ulimit -c 0
ulimit -f "$1"
umask "$2"
shift 2
while [ "$1" != -- ]; do
  echo 0 >"$1/cgroup.procs" || exit 125
  shift
done
shift
`;

/** Arguments of `sh` that start `command` inside a sandbox's limits, with its filter open as descriptor 9. Pure. */
export const renderLauncher = (launcher: Launcher, filter: string, command: readonly string[]): readonly string[] => [
  ...["-c", `${limitScript}exec "$@" ${filterDescriptor}<"$0"\n`, filter],
  ...limitArguments(launcher),
  ...command,
];

/** Arguments of `sh` for a launcher that waits: it reads what it does from its standard input, and keeps the filter's path. Pure. */
export const renderWaitingLauncher = (launcher: Launcher, filter: string): readonly string[] => [
  ...["-s", "--"],
  ...limitArguments(launcher),
  filter,
];

function limitArguments(launcher: Launcher): readonly string[] {
  const blocks = String(Math.ceil(launcher.fileBytes / 512));
  const mask = launcher.umask.toString(8).padStart(3, "0");
  return [blocks, mask, ...launcher.cgroups, "--"];
}

/** The launcher's pipes, as descriptors: what the command reads, and what it writes. */
export const pipeDescriptors = { stdin: 3, stdout: 4, stderr: 5 } as const;

const { stdin, stdout, stderr } = pipeDescriptors;

// Node cannot make a pipe (its own are sockets, which a program cannot open again as /dev/stderr). A shell can: an empty
// here-document is one. What is opened again here is its other end; ours are opened from outside, before there is a command.
const pipeScript = `
exec ${stdin}<<END ${stdout}<<END ${stderr}<<END 6>&1
END
END
END
exec >/proc/self/fd/${stdout} 2>/proc/self/fd/${stderr}
echo ready >&6
exec 6>&-
`;

// Where the shell made no pipes it was given them.
const givenScript = `
exec >&${stdout} 2>&${stderr}
`;

/** What a waiting launcher does first; it says `ready` when it has pipes, where it makes them itself. Pure. */
export const renderWaiting = (pipes: "made" | "given"): string =>
  (pipes === "made" ? pipeScript : givenScript) + limitScript;

/** Puts a command onto the processors that the launcher keeps to. Pure. */
export const pinCommand = (launcher: Launcher, taskset: string, command: readonly string[]): readonly string[] =>
  launcher.cpuList === undefined ? command : [taskset, "--cpu-list", launcher.cpuList, ...command];

const shellName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Whether a shell can hold a variable of this name. */
export const isShellName = (name: string) => shellName.test(name);

/** What a waiting launcher reads at last: the command's variables, then the command in the launcher's place. Pure. */
export function renderWaitingCommand(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): string {
  const variables = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  // The shell reads a whole line before it acts on it: the command is the last thing that it reads.
  const descriptors = `<&${stdin} ${stdin}<&- ${stdout}<&- ${stderr}<&- ${filterDescriptor}<"$1"`;
  return `${variables.join("")}exec ${command.map(quote).join(" ")} ${descriptors}\n`;
}

const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

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

// Joins before it execs: nothing of the agent's ever runs outside its limits. Opens the filter by its path, because a
// terminal's process can be given no descriptor. `exec` keeps the process id, so that whoever spawned us owns the program.
// Without a program it waits for one: on descriptor 3, as commands of a shell.
// It keeps nothing in variables: the command's own come among them. When the machine itself is short of memory, the agent's
// processes are the first to go.
const script = `
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
[ $# -eq 0 ] || exec "$@" 9<"$0"
. /proc/self/fd/3
`;

/** Arguments of `sh` that start `command` inside a sandbox's limits, with its filter open as descriptor 9. Pure. */
export function renderLauncher(launcher: Launcher, filter: string, command: readonly string[]): readonly string[] {
  const blocks = String(Math.ceil(launcher.fileBytes / 512));
  const mask = launcher.umask.toString(8).padStart(3, "0");
  return ["-c", script, filter, blocks, mask, ...launcher.cgroups, "--", ...command];
}

/** Puts a command onto the processors that the launcher keeps to. Pure. */
export const pinCommand = (launcher: Launcher, taskset: string, command: readonly string[]): readonly string[] =>
  launcher.cpuList === undefined ? command : [taskset, "--cpu-list", launcher.cpuList, ...command];

const shellName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Whether a shell can hold a variable of this name. */
export const isShellName = (name: string) => shellName.test(name);

/** What a waiting launcher reads: the command's variables, then the command in the launcher's place. Pure. */
export function renderWaitingCommand(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): string {
  const variables = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  // The shell reads a whole line before it acts on it: the command is the last thing that it reads.
  return `${variables.join("")}exec ${command.map(quote).join(" ")} 3<&- 9<"$0"\n`;
}

const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

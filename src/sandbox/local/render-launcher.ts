/** What happens outside to every process of a sandbox before it enters: which cgroups it joins, which limits it carries. */
export interface Launcher {
  readonly cgroups: readonly string[];
  /** Largest single file, in bytes. */
  readonly fileBytes: number;
  /** Mode bits that new files do not get: the person's own, not the keeper's, which makes everything private. */
  readonly umask: number;
  /** Processors it may run on, as taskset's list; undefined = any. */
  readonly cpuList?: string;
}

// Joins before it execs: nothing of the sandbox ever runs outside its limits. Opens the filter by its path, because a
// terminal's process can be given no descriptor. `exec` keeps the process id, so that whoever spawned us owns the program.
const script = `
limit=$1 filter=$2 mask=$3
shift 3
while [ "$1" != -- ]; do
  echo 0 >"$1/cgroup.procs" || exit 125
  shift
done
shift
ulimit -c 0
ulimit -f "$limit"
umask "$mask"
exec "$@" 9<"$filter"
`;

/** Arguments of `sh` that start `command` inside a sandbox's limits, with its filter open as descriptor 9. Pure. */
export function renderLauncher(
  launcher: Launcher,
  programs: { readonly taskset: string },
  filter: string,
  command: readonly string[],
): readonly string[] {
  const blocks = String(Math.ceil(launcher.fileBytes / 512));
  const mask = launcher.umask.toString(8).padStart(3, "0");
  const pinned = launcher.cpuList === undefined ? [] : [programs.taskset, "--cpu-list", launcher.cpuList];
  return ["-c", script, "caisson", blocks, filter, mask, ...launcher.cgroups, "--", ...pinned, ...command];
}

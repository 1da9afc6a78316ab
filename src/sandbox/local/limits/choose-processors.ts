/** Which processors a sandbox is kept to where no cgroup shares out their time. */
export interface ChosenProcessors {
  /** As taskset's `--cpu-list` takes it. */
  readonly list: string;
  readonly count: number;
  readonly available: number;
}

/** Chooses processors of those that we may use ourselves. Different sandboxes begin at different ones. Undefined = no fewer than all. */
export function chooseProcessors(status: string, slug: string, cpus: number): ChosenProcessors | undefined {
  const allowed = parseCpuList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "");
  const count = Math.max(1, Math.floor(cpus));
  if (count >= allowed.length) return undefined;
  const first = [...slug].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % allowed.length;
  const chosen = Array.from({ length: count }, (_, index) => allowed[(first + index) % allowed.length]);
  return { list: chosen.join(","), count, available: allowed.length };
}

const parseCpuList = (text: string): readonly number[] =>
  text
    .split(",")
    .filter(Boolean)
    .flatMap((part) => {
      const [from = 0, to = from] = part.split("-").map(Number);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    });

import { readFileSync, readlinkSync } from "node:fs";

/** What a process was given by whoever started it, as far as what it starts in turn would differ by it. */
export interface Surroundings {
  readonly environment: ReadonlyMap<string, string>;
  /** Everything else, by what a person would call it. */
  readonly facts: ReadonlyMap<string, string>;
}

/** Of a shell and a terminal, not of a person: they differ from prompt to prompt and steer nothing that we start. */
const volatile: ReadonlySet<string> = new Set(["PWD", "OLDPWD", "SHLVL", "_", "TERM", "COLUMNS", "LINES"]);

/** Who it may act as, and what the kernel keeps from it. */
const statusFacts = /^(Uid|Gid|Groups|Cap\w+|NoNewPrivs|Seccomp|Cpus_allowed|Mems_allowed):[ \t]*(.*)$/gm;
/** What a shell passes on of the variables that it was started with; some drop all others (functions of another shell). */
const shellName = /^[A-Za-z_]\w*$/;
const namespaces = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

/**
 * Reads the surroundings of a process of this person's. Environment: what it was started with, not what it has set since,
 * `without` these variables. Throws where /proc does not tell (it has ended, or belongs to somebody else).
 */
export function readSurroundings(pid: number | "self", without: readonly string[] = []): Surroundings {
  const of = (name: string) => readFileSync(`/proc/${pid}/${name}`, "latin1");
  const link = (name: string) => readlinkSync(`/proc/${pid}/${name}`);
  // Not every kernel has these.
  const ofSome = (name: string) => {
    try {
      return of(name);
    } catch {
      return "";
    }
  };
  const status = [...of("status").matchAll(statusFacts)].map(([, name = "", value = ""]) => [name, value] as const);
  const environment = new Map(parseEnvironment(readFileSync(`/proc/${pid}/environ`, "utf8")));
  for (const name of without) environment.delete(name);
  return {
    environment,
    facts: new Map([
      ...status,
      ...namespaces.map((name) => [`${name} namespace`, link(`ns/${name}`)] as const),
      ["root folder", link("root")],
      ["cgroup", of("cgroup")],
      ["limits", of("limits")],
      ["nice", niceOf(of("stat"))],
      ...["attr/current", "oom_score_adj", "personality"].map((name) => [name, ofSome(name)] as const),
    ]),
  };
}

/** The first thing by which two differ, as a person would name it; undefined where nothing that counts does. */
export function differenceOf(own: Surroundings, other: Surroundings): string | undefined {
  const compare = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>, isCounted = (_: string) => true) =>
    [...new Set([...a.keys(), ...b.keys()])].find((name) => isCounted(name) && a.get(name) !== b.get(name));
  const variable = compare(own.environment, other.environment, (name) => shellName.test(name) && !volatile.has(name));
  if (variable !== undefined) return `variable ${variable}`;
  return compare(own.facts, other.facts);
}

/** The text of `/proc/PID/environ`. */
export function parseEnvironment(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .split("\0")
      .filter((entry) => entry.includes("="))
      .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
}

function niceOf(stat: string): string {
  // The command name may hold spaces and brackets: fields count from behind its last one.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16] ?? "";
}

import { execFile } from "node:child_process";
import { lookup } from "node:dns/promises";
import { readdirSync, readFileSync } from "node:fs";
import { programsOutside } from "../programs-outside.ts";

/** What reading the package clients' configuration needs of the machine. */
export interface PackageClientHost {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Folder of the run: what lies in it is data, and no program in it is ever started. */
  readonly workspace?: string | undefined;
  /** A file's text; undefined when it is not there or cannot be read. */
  readText(path: string): string | undefined;
  /** Names in a folder, in order; none when it is not there. */
  list(dir: string): readonly string[];
  /** Where a program of the person's lies (links resolved), looked for outside the workspace; undefined when nowhere. */
  findProgram(name: string): string | undefined;
  /** Standard output of a program that ended well within 10 s; undefined otherwise. */
  ask(program: string, args: readonly string[]): Promise<string | undefined>;
  /** Addresses of a host name, within 2 s; none when there are none. */
  resolve(host: string): Promise<readonly string[]>;
}

const askMs = 10_000;
const resolveMs = 2000;

/** The real machine. */
export function openPackageClientHost(
  given: Pick<PackageClientHost, "environment" | "home" | "workspace">,
): PackageClientHost {
  const programs = programsOutside(given.environment.PATH ?? "", given.workspace);
  return {
    ...given,
    readText,
    list,
    findProgram: programs.find,
    ask: (program, args) => ask(program, args, { ...given.environment, PATH: programs.path }),
    resolve,
  };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function list(dir: string): readonly string[] {
  try {
    return readdirSync(dir).sort();
  } catch {
    return [];
  }
}

function ask(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return new Promise((resolve) => {
    // From the root folder: no client reads a project's configuration there, and python imports nothing from it.
    const options = { cwd: "/", env, timeout: askMs, killSignal: "SIGKILL", maxBuffer: 1024 ** 2 } as const;
    execFile(program, args, options, (error, stdout) => resolve(error ? undefined : stdout)).stdin?.end();
  });
}

async function resolve(host: string): Promise<readonly string[]> {
  const late = Promise.withResolvers<readonly string[]>();
  const timer = setTimeout(() => late.resolve([]), resolveMs);
  const found = lookup(host, { all: true }).then(
    (entries) => entries.map((entry) => entry.address),
    () => [],
  );
  try {
    return await Promise.race([found, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

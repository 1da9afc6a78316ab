import { execFile } from "node:child_process";
import { lookup } from "node:dns/promises";
import { accessSync, constants, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";

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
  const folders = (given.environment.PATH ?? "").split(":").filter((folder) => folder.startsWith("/"));
  const realWorkspace = given.workspace === undefined ? undefined : realPathOf(given.workspace);
  const isOutside = (path: string) => realWorkspace === undefined || !`${path}/`.startsWith(`${realWorkspace}/`);
  // `npm run` puts the workspace's node_modules/.bin first on PATH: a program from there would run outside the sandbox.
  const safeFolders = folders.filter((folder) => isOutside(realPathOf(folder) ?? folder));
  return {
    ...given,
    readText,
    list,
    findProgram: (name) => findProgram(name, safeFolders, isOutside),
    ask: (program, args) => ask(program, args, { ...given.environment, PATH: safeFolders.join(":") }),
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

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function findProgram(name: string, folders: readonly string[], isOutside: (path: string) => boolean) {
  for (const folder of folders) {
    const path = join(folder, name);
    const real = realPathOf(path);
    if (real === undefined || !isOutside(real)) continue;
    try {
      accessSync(path, constants.X_OK);
      return real;
    } catch {
      // There, but not a program: the next folder may have it.
    }
  }
  return undefined;
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

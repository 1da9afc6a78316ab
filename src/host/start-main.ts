// Starts one of our bundles by name, `node dist/start.cjs NAME ...`, with the code that V8 compiled at earlier starts. Node's
// own compile cache keeps a file as it was before it ran, so that every function is compiled again when it is called;
// here it is kept as it was at the end of a run, with all that the run needed.
//
// Nothing but Node's built-ins, and few of them: all of this is on the way of every start.
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { createRequire } from "node:module";
import { Script } from "node:vm";
import { wrapBundle } from "./wrap-bundle.ts";

/** Bundles by name: the first digits of the digest of their text, and its length. Written in by the build. */
declare const BUNDLES: Readonly<Record<string, { readonly id: string; readonly length: number }>>;

/** So many good ends teach what a program calls: the first run of a command may have been a short one. */
const lessons = 3;
/** Node's built-ins that are loaded when something of them is asked for: each costs milliseconds, and many starts need none of it. */
const late = new Set(["node:crypto", "node:fs/promises", "node:worker_threads"]);
const staleMilliseconds = 30 * 24 * 3600 * 1000;

const isOwn = ({ uid }: Stats) => uid === process.geteuid?.();

const [, , name = ""] = process.argv;
const file = `${__dirname}/${name}.cjs`;
process.argv.splice(1, 2, file);
start();

function start(): void {
  const text = readFileSync(file, "latin1");
  const bundle = BUNDLES[name];
  const requireFrom = createRequire(file);
  // Compiled code belongs to exactly one text: V8 itself compares no more than its length.
  const cache = bundle?.length === text.length ? findCache(bundle.id) : undefined;
  const script = new Script(wrapBundle(text), {
    filename: file,
    ...(cache?.code !== undefined && { cachedData: cache.code }),
  });
  if (cache?.learn && script.cachedDataRejected !== true) {
    const { learn } = cache;
    const { setFlagsFromString } = process.getBuiltinModule("node:v8");
    // Collecting garbage, V8 drops what was not called for a while: what it takes to start, of all things.
    setFlagsFromString("--no-flush-bytecode");
    process.on("exit", (code) => {
      // What is kept names the flags that it was compiled with: those of every start.
      setFlagsFromString("--flush-bytecode");
      if (code === 0) learn(script.createCachedData());
    });
  }
  const module = { exports: {} };
  const require = (id: string) => (late.has(id) ? whenAsked(() => requireFrom(id)) : requireFrom(id));
  script.runInThisContext()(module.exports, require, module, file, __dirname);
}

/** Stands for a module that is loaded when it is looked at. */
function whenAsked(load: () => object): object {
  return new Proxy(
    {},
    {
      get: (_, name) => Reflect.get(load(), name),
      has: (_, name) => Reflect.has(load(), name),
      ownKeys: () => Reflect.ownKeys(load()),
      getOwnPropertyDescriptor: (_, name) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(load(), name);
        return descriptor && { ...descriptor, configurable: true };
      },
    },
  );
}

interface Cache {
  readonly code?: Buffer;
  /** Keeps what this run compiled for the next one; undefined where there is nothing more to learn. Never throws. */
  readonly learn?: (code: Buffer) => void;
}

/** What the build put beside the bundle, for programs that cannot write, else what earlier runs learnt. */
function findCache(id: string): Cache {
  const built = readIfThere(`${file}.code`);
  if (built !== undefined) return { code: built };
  const folder = cacheFolder();
  if (folder === undefined) return {};
  // The command is part of the name: each calls other functions.
  const command = name === "cli" && /^[a-z]{1,20}$/.test(process.argv[2] ?? "") ? `-${process.argv[2]}` : "";
  const path = (lesson: number) => `${folder}/${name}${command}-${id}-${process.version}-${process.arch}.${lesson}`;
  for (let lesson = lessons; lesson > 0; lesson--) {
    const code = readOwn(path(lesson));
    if (code !== undefined)
      return {
        code,
        ...(lesson < lessons && { learn: (next: Buffer) => keep(folder, path(lesson + 1), next, path(lesson)) }),
      };
  }
  return { learn: (code) => keep(folder, path(1), code) };
}

/** A folder of this person's alone, below a home that is theirs: what others could write there would be run. */
function cacheFolder(): string | undefined {
  const { NODE_COMPILE_CACHE: given, XDG_CACHE_HOME: caches, HOME: home } = process.env;
  if (given?.startsWith("/")) return given;
  try {
    if (!home?.startsWith("/") || !isOwn(statSync(home))) return undefined;
  } catch {
    return undefined;
  }
  return `${caches?.startsWith("/") ? caches : `${home}/.cache`}/caisson/code`;
}

function readOwn(path: string): Buffer | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    const stats = fstatSync(descriptor);
    return isOwn(stats) && (stats.mode & 0o022) === 0 ? readFileSync(descriptor) : undefined;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Whole or not at all, also over a power cut: V8 runs what it is given without looking whether it is damaged. */
function keep(folder: string, path: string, code: Buffer, last?: string): void {
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const folderStats = statSync(folder);
    if (!isOwn(folderStats) || (folderStats.mode & 0o022) !== 0) return;
    const descriptor = openSync(draft, "wx", 0o600);
    try {
      for (let at = 0; at < code.length; ) at += writeSync(descriptor, code, at);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, path);
    if (last === undefined) for (const old of readdirSync(folder)) removeStale(`${folder}/${old}`);
    else removeIfThere(last);
  } catch {
    // A start without it is slower, and that is all.
    removeIfThere(draft);
  }
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // There is no folder either.
  }
}

/** Of other versions, and drafts of who died while writing. */
function removeStale(path: string): void {
  try {
    if (Date.now() - statSync(path).mtimeMs > staleMilliseconds) rmSync(path, { force: true });
  } catch {
    // Somebody else has removed it.
  }
}

import { type CopyName, type CopyTools, openCopy } from "./open-copy.ts";

/** What of the changes is wanted. Paths are relative to the workspace. */
export interface DiffRequest {
  readonly all: boolean;
  readonly paths: readonly string[];
  readonly form: "patch" | "stat";
  readonly colours: boolean;
}

/** One changed file. */
export interface ChangedFile {
  readonly path: string;
  readonly status: "added" | "deleted" | "modified" | "renamed" | "type changed";
  /** Its old path, when it was renamed. */
  readonly from?: string;
  /** Lines; not for binary files. */
  readonly added?: number;
  readonly removed?: number;
  readonly binary: boolean;
}

/** What an agent changed since the copy was made. */
export interface CopyDiff {
  /** Git's own text. */
  readonly text: Buffer;
  readonly files: readonly ChangedFile[];
  /** Changed paths that ignoring rules hide. */
  readonly hidden: readonly string[];
}

const renames = ["-r", "-M", "--no-ext-diff", "--no-textconv"];

/** Compares the copy as it is now with what was copied; also while the sandbox runs. Changes nothing. */
export async function diffCopy(tools: CopyTools, name: CopyName, request: DiffRequest): Promise<CopyDiff> {
  using copy = openCopy(tools, name);
  const store = copy.scratchStore;
  const { base, now, hidden } = await copy.snapshot(store, request.all);
  const trees = [base, now, ...(request.paths.length === 0 ? [] : ["--", ...request.paths])];
  const colour = `--color=${request.colours ? "always" : "never"}`;
  const form = request.form === "stat" ? "--stat=100" : "-p";
  const run = async (args: readonly string[]) =>
    (await store.run(["--literal-pathspecs", "diff-tree", ...renames, ...args, ...trees])).stdout;
  const text = await run([form, colour]);
  const statuses = parseStatuses(await run(["-z", "--name-status"]));
  const counts = parseCounts(await run(["-z", "--numstat"]));
  const files = statuses.map((file) => ({ ...file, ...(counts.get(file.path) ?? { binary: false }) }));
  return { text, files, hidden: hidden.map(readable) };
}

const statusWords: Readonly<Record<string, ChangedFile["status"]>> = {
  A: "added",
  D: "deleted",
  M: "modified",
  R: "renamed",
  T: "type changed",
};

function parseStatuses(output: Buffer): readonly Omit<ChangedFile, "binary">[] {
  const fields = output.toString().split("\0");
  const files: Omit<ChangedFile, "binary">[] = [];
  for (let n = 0; n + 1 < fields.length; ) {
    const status = statusWords[fields[n]?.[0] ?? ""] ?? "modified";
    const first = fields[n + 1] ?? "";
    if (status === "renamed") files.push({ path: fields[n + 2] ?? "", status, from: first });
    else files.push({ path: first, status });
    n += status === "renamed" ? 3 : 2;
  }
  return files;
}

function parseCounts(output: Buffer): ReadonlyMap<string, Pick<ChangedFile, "added" | "removed" | "binary">> {
  const counts = new Map<string, Pick<ChangedFile, "added" | "removed" | "binary">>();
  const fields = output.toString().split("\0");
  for (let n = 0; n < fields.length; n += 1) {
    const [added, removed, path] = /^(-|\d+)\t(-|\d+)\t(.*)$/s.exec(fields[n] ?? "")?.slice(1) ?? [];
    if (added === undefined || removed === undefined || path === undefined) continue;
    const isRename = path === "";
    const name = isRename ? (fields[n + 2] ?? "") : path;
    if (isRename) n += 2;
    const binary = added === "-";
    counts.set(name, binary ? { binary } : { binary, added: Number(added), removed: Number(removed) });
  }
  return counts;
}

/** A path for a person: bytes that are no UTF-8 are replaced. */
const readable = (path: string) => Buffer.from(path, "latin1").toString();

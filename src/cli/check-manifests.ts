import { readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../base/failure.ts";
import { checkLayers } from "../policy/check-layers.ts";
import { policyFailure } from "../policy/errors.ts";
import { manifestFailures } from "../policy/manifest-failures.ts";
import type { ManifestLayer } from "../policy/manifest-layer.ts";
import { providers } from "../provider/providers.ts";
import type { CommandContext } from "./frame/command-context.ts";
import { entriesOf, readManifests } from "./read-manifests.ts";

/** Something wrong with a manifest, and where. */
export interface PlacedProblem {
  readonly failure: Failure;
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

interface Subject {
  readonly file: string;
  readonly part: "manifest" | "agents" | "sandboxes";
}

type Folders = Pick<CommandContext, "folders" | "cwd">;

/** Every problem of one file, or of all that count in this folder, in the order of files and lines. Fails when there is none. */
export async function checkManifests(
  context: Folders,
  name: string | undefined,
): Promise<{
  readonly files: readonly string[];
  readonly counts: Readonly<Record<"agents" | "sandboxes" | "routes" | "credentials", number>>;
  readonly problems: readonly PlacedProblem[];
}> {
  const subjects = name === undefined ? found(context) : [subjectOf(resolve(context.cwd, name))];
  const texts = subjects.map((subject) => ({ ...subject, text: readText(subject.file) }));
  if (texts.length === 0) throw policyFailure("manifest_missing", { file: "caisson.yaml" });
  const shape = texts.flatMap(({ text, ...subject }) =>
    text === undefined
      ? [policyFailure("manifest_missing", { file: name ?? subject.file })]
      : manifestFailures(text, subject),
  );
  const files = subjects.map(({ file }) => file);
  const { layers, failures } = await readLayers(context, subjects, name);
  const checked = layers.filter(({ file }) => files.includes(file));
  const meant = checkLayers(layers, {
    providers: Object.keys(providers),
    credentials: Object.values(providers).flatMap((provider) => provider.credentials.map((c) => c.name)),
    home: context.folders.home,
  });
  const placed = [...shape, ...failures, ...meant].map((failure) => place(failure, files));
  const problems = unique(placed.filter((problem) => files.includes(problem.file))).map((p) =>
    shortened(p, context.cwd),
  );
  return { files: files.map((file) => short(file, context.cwd)), counts: countsOf(checked), problems };
}

function found({ folders, cwd }: Folders): readonly Subject[] {
  const manifests = [join(cwd, "caisson.yaml"), join(folders.config, "caisson.yaml")];
  const entries = [...entriesOf(join(cwd, ".caisson"), "workspace", cwd), ...entriesOf(folders.config, "own")];
  const there = manifests.filter((file) => readText(file) !== undefined);
  return [...there.map((file) => ({ file, part: "manifest" as const })), ...entries];
}

function subjectOf(file: string): Subject {
  if (file.endsWith(".md")) return { file, part: "agents" };
  return { file, part: basename(dirname(file)) === "sandboxes" ? "sandboxes" : "manifest" };
}

/** All layers that a launch would see, so that parents in other files are found; what keeps them from being read is told. */
async function readLayers(context: Folders, subjects: readonly Subject[], name: string | undefined) {
  const [subject] = subjects;
  const manifest = name !== undefined && subject?.part === "manifest" ? subject.file : undefined;
  const none: { layers: readonly ManifestLayer[]; failures: readonly Failure[] } = { layers: [], failures: [] };
  try {
    const { layers } = await readManifests(context, { workspace: context.cwd, manifest });
    return { ...none, layers };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ...none, failures: [error] };
  }
}

/** Where a failure says that it is: in its own facts, or at the start of its `from`. */
function place(failure: Failure, files: readonly string[]): PlacedProblem {
  const { file, line, column, from } = failure.data;
  if (typeof file === "string")
    return {
      failure,
      file,
      line: typeof line === "number" ? line : 1,
      ...(typeof column === "number" && { column }),
    };
  const said = /^(?<file>.+?):(?<line>\d+)(?:, .*)?$/s.exec(typeof from === "string" ? from : "")?.groups;
  return { failure, file: said?.file ?? files[0] ?? "", line: Number(said?.line ?? 1) };
}

function unique(problems: readonly PlacedProblem[]): readonly PlacedProblem[] {
  const seen = new Map(problems.map((problem) => [problem.failure.message, problem]));
  return [...seen.values()].sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

const short = (file: string, cwd: string) => (file.startsWith(`${cwd}/`) ? file.slice(cwd.length + 1) : file);

function shortened(problem: PlacedProblem, cwd: string): PlacedProblem {
  const { code, message, hint, status, exit, data } = problem.failure;
  const cut = (text: string) => text.replaceAll(`${cwd}/`, "");
  const failure = new Failure(code, { message: cut(message), hint: cut(hint), status, exit }, data, problem.failure);
  return { ...problem, failure, file: short(problem.file, cwd) };
}

function countsOf(layers: readonly ManifestLayer[]) {
  const sum = (count: (layer: ManifestLayer) => number) => layers.reduce((all, layer) => all + count(layer), 0);
  const rules = (layer: ManifestLayer) => [layer.manifest, ...Object.values(layer.manifest.sandboxes)];
  return {
    agents: sum(({ manifest }) => Object.keys(manifest.agents).length),
    sandboxes: sum(({ manifest }) => Object.keys(manifest.sandboxes).length),
    routes: sum((layer) => rules(layer).reduce((all, { routes = [] }) => all + routes.length, 0)),
    credentials: sum((layer) =>
      rules(layer).reduce((all, { credentials = {} }) => all + Object.keys(credentials).length, 0),
    ),
  };
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

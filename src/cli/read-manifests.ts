import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { type EntryFileFound, loadManifests } from "../policy/load-manifests.ts";
import type { CommandContext } from "./frame/command-context.ts";

/** Largest file of a repository that is read as a manifest. */
const workspaceBytes = 1024 ** 2;

/** The manifests that count for a workspace (none = undefined) and `--manifest`, weakest first, with what is to be told of them. */
export function readManifests(
  { folders, cwd }: Pick<CommandContext, "folders" | "cwd">,
  { workspace, manifest }: { readonly workspace: string | undefined; readonly manifest: string | undefined },
) {
  const root = workspace === undefined ? undefined : realFolder(workspace);
  const isForeign = (path: string) => workspace !== undefined && path.startsWith(`${workspace}${sep}`);
  const given = manifest === undefined ? undefined : resolve(cwd, manifest);
  const personal = join(folders.config, "caisson.yaml");
  const readText = (path: string) =>
    isForeign(path) && path !== given && path !== personal ? readInside(path, root) : readOwn(path);
  return loadManifests(readText, {
    home: folders.home,
    personal,
    entries: [
      ...(workspace === undefined ? [] : entriesOf(join(workspace, ".caisson"), "workspace", workspace)),
      ...entriesOf(folders.config, "own"),
    ],
    ...(workspace !== undefined && { workspace: join(workspace, "caisson.yaml") }),
    ...(given !== undefined && { given }),
  });
}

/** The files of `agents/` and `sandboxes/` in a folder; paths of the workspace's start from the workspace, the person's own from the file. */
export function entriesOf(folder: string, trust: EntryFileFound["trust"], root?: string): readonly EntryFileFound[] {
  return (["agents", "sandboxes"] as const).flatMap((part) => {
    const dir = join(folder, part);
    const ending = part === "agents" ? /\.md$/ : /\.ya?ml$/;
    return namesIn(dir)
      .filter((name) => ending.test(name) && !name.startsWith("."))
      .sort()
      .map((name) => ({ file: join(dir, name), part, trust, dir: root ?? dir }));
  });
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

/** A file of a repository: a link that leads out of it, a pipe or a huge file is as if it were not there. */
function readInside(path: string, root: string | undefined): string | undefined {
  try {
    const real = realpathSync(path);
    const facts = statSync(real);
    if (root === undefined || !real.startsWith(`${root}${sep}`) || !facts.isFile() || facts.size > workspaceBytes)
      return undefined;
    return readFileSync(real, "utf8");
  } catch {
    return undefined;
  }
}

function readOwn(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function realFolder(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

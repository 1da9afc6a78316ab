import { readdirSync, readFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { readWithin } from "../host/read-within.ts";
import { type EntryFileFound, loadManifests } from "../policy/load-manifests.ts";
import { devcontainerRequests } from "./devcontainer-requests.ts";
import type { CommandContext } from "./frame/command-context.ts";

/** Largest file of a repository that is read as a manifest. */
const workspaceBytes = 256 * 1024;
/** All of them together, and how many: a repository chooses both, and nobody waits for it. */
const allWorkspaceBytes = 512 * 1024;
const workspaceEntries = 256;

/** The manifests that count for a workspace (none = undefined) and `--manifest`, weakest first, with what is to be told of them. */
export async function readManifests(
  { folders, cwd }: Pick<CommandContext, "folders" | "cwd">,
  {
    workspace,
    manifest,
    isAsked = false,
  }: {
    readonly workspace: string | undefined;
    readonly manifest: string | undefined;
    /** Whether a person wants to see all that the workspace asks for, whatever it takes to read it. */
    readonly isAsked?: boolean;
  },
) {
  const given = manifest === undefined ? undefined : resolve(cwd, manifest);
  const personal = join(folders.config, "caisson.yaml");
  // A file of a repository: a link that leads out of it, a pipe or a huge file is as if it were not there.
  let left = allWorkspaceBytes;
  const readText = (path: string) => {
    const isForeign = workspace !== undefined && path.startsWith(`${workspace}${sep}`);
    if (!isForeign || path === given || path === personal) return readOwn(path);
    const text = readWithin(workspace, path, Math.min(workspaceBytes, left));
    left -= text?.length ?? 0;
    return text;
  };
  const read = await loadManifests(readText, {
    home: folders.home,
    personal,
    entries: [
      ...(workspace === undefined
        ? []
        : entriesOf(join(workspace, ".caisson"), "workspace", workspace).slice(0, workspaceEntries)),
      ...entriesOf(folders.config, "own"),
    ],
    ...(workspace !== undefined && { workspace: join(workspace, "caisson.yaml") }),
    ...(given !== undefined && { given }),
  });
  if (workspace === undefined) return read;
  const devcontainer = await devcontainerRequests(folders.state, workspace, isAsked);
  // The weakest: what is written for us goes before it.
  return { layers: [...devcontainer.layers, ...read.layers], notes: [...read.notes, ...devcontainer.notes] };
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

function readOwn(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

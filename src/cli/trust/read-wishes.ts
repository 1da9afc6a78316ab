import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Failure } from "../../base/failure.ts";
import { programsOutside } from "../../host/programs-outside.ts";
import { expandPath } from "../../policy/expand-path.ts";
import type { ManifestLayer } from "../../policy/manifest-layer.ts";
import { isWithin } from "../../policy/trust/never-trusted.ts";
import { splitWishes, type WorkspaceWish } from "../../policy/trust/workspace-wishes.ts";
import type { Manifest, ManifestSandbox } from "../../spec/manifest.ts";
import type { CommandContext } from "../frame/command-context.ts";

/** All that a workspace asks for, with the bytes of every file that it names: read once, and what is trusted is what is used. */
export interface ReadWishes {
  readonly wishes: readonly WorkspaceWish[];
  /** One for each wish that can be granted, and for each file that it names, in a fixed order: what a person is shown. */
  readonly lines: readonly string[];
  /** Stands for all of it. */
  readonly digest: string;
  /** What a file that is named lacks; then nothing can be trusted. */
  readonly problems: readonly string[];
  readonly granted: ReadonlyMap<string, Pick<ManifestLayer, "manifest" | "texts">>;
  /** Absolute path of a Dockerfile to the digest of its folder. */
  readonly dockerfiles: ReadonlyMap<string, string>;
}

const largestFile = 1024 ** 2;

/** Reads what the workspace's layers ask for; undefined where they ask for nothing. Follows no link. */
export async function readWishes(
  { folders, environment }: Pick<CommandContext, "folders" | "environment">,
  workspace: string,
  layers: readonly ManifestLayer[],
): Promise<ReadWishes | undefined> {
  const place = {
    workspace,
    home: realOr(folders.home),
    ownFolders: [realOr(folders.state), realOr(folders.config)],
    realOf: realOr,
  };
  const split = layers
    .filter(({ trust }) => trust === "workspace")
    .map((layer) => ({ layer, ...splitWishes(layer, place) }));
  const wishes = split.flatMap((each) => each.wishes);
  if (wishes.length === 0) return undefined;
  const { createGuardHost } = await import("../../sandbox/workspace/node-guard-host.ts");
  const host = createGuardHost(programsOutside(environment.PATH ?? "", workspace));
  const lines = wishes.filter(({ never }) => never === undefined).map(({ where, says }) => `${where} ${says}`);
  const problems: string[] = [];
  const dockerfiles = new Map<string, string>();
  const granted = new Map<string, Pick<ManifestLayer, "manifest" | "texts">>();
  for (const { layer, granted: manifest } of split) {
    const texts: Record<string, string> = {};
    const named = namedFiles(manifest);
    for (const path of named.texts) {
      const full = expandPath(path, { dir: layer.dir, home: place.home });
      const read = isWithin(full, workspace)
        ? host.readUntrusted(workspace, relative(workspace, full).split("/"), largestFile)
        : undefined;
      if (read?.is !== "file") problems.push(`${path} is not a file of the workspace`);
      else {
        texts[path] = read.bytes.toString("utf8");
        lines.push(fileLine(relative(workspace, full), digestOf(read.bytes)));
      }
    }
    for (const path of named.dockerfiles) {
      const full = expandPath(path, { dir: layer.dir, home: place.home });
      const read = await readFolder(full, workspace);
      if (typeof read === "string") problems.push(read);
      else {
        dockerfiles.set(full, read.digest);
        lines.push(...read.lines);
      }
    }
    granted.set(layer.file, { manifest, texts });
  }
  const sorted = [...new Set(lines)].sort();
  return {
    wishes,
    lines: sorted,
    digest: digestOf(JSON.stringify([1, workspace, sorted, problems])),
    problems,
    granted,
    dockerfiles,
  };
}

/** The folder of a Dockerfile as a build gets it, a line for each file; or what keeps it from being read. */
async function readFolder(path: string, workspace: string) {
  if (realOr(path) !== path) return `${relative(workspace, path)} is missing, or lies behind a link`;
  try {
    const { readOwnContext } = await import("../../sandbox/docker/images/own-context.ts");
    const { files, digest } = readOwnContext(path);
    const folder = relative(workspace, resolve(path, ".."));
    const lines = [...files].map(([name, entry]) =>
      fileLine(
        join(folder, name),
        "link" in entry ? `link to ${JSON.stringify(entry.link)}` : `${digestOf(entry.data)} ${entry.mode.toString(8)}`,
      ),
    );
    return { digest, lines };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.message;
  }
}

/** Files that the rules name, as they are written. */
function namedFiles(manifest: Manifest) {
  const rules: readonly ManifestSandbox[] = [manifest, ...Object.values(manifest.sandboxes ?? {})];
  const agents = Object.values(manifest.agents ?? {});
  return {
    texts: rules.flatMap(({ routes = [] }) =>
      routes.flatMap((route) => ("host" in route ? (route.extraCaFile ?? []) : [])),
    ),
    dockerfiles: [...rules, ...agents].flatMap(({ dockerfile }) => dockerfile ?? []),
  };
}

const fileLine = (path: string, says: string): string => `file ${JSON.stringify(path)} ${says}`;
const digestOf = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

function realOr(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

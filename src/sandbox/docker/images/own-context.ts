import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import dockerignore from "@balena/dockerignore";
import type { ContextEntry } from "../../../host/docker/build-image.ts";
import { imageFailure } from "./errors.ts";

/** A person's own Dockerfile, and what its builds may copy: its folder, but for what `.dockerignore` names. */
export interface OwnContext {
  readonly dockerfile: string;
  /** Its path in the context. */
  readonly name: string;
  readonly files: ReadonlyMap<string, ContextEntry>;
  /** Stands for all contents, names and modes. */
  readonly digest: string;
}

/** Bounds of a folder that is read whole and sent to the engine. */
const maxBytes = 100 * 1024 ** 2;
const maxFiles = 20_000;

/** Reads the folder of a Dockerfile. Throws `image_own_missing`, `image_own_too_large`. */
export function readOwnContext(path: string): OwnContext {
  const folder = dirname(path);
  const name = basename(path);
  const dockerfile = readText(path);
  if (dockerfile === undefined) throw imageFailure("image_own_missing", { path });
  const ignore = dockerignore.default().add(readText(join(folder, ".dockerignore"))?.split(/\r?\n/) ?? []);
  const files = new Map<string, ContextEntry>();
  let bytes = 0;
  for (const found of walk(folder, "")) {
    // As docker does: what a build is told by is always there for it.
    if (found !== name && found !== ".dockerignore" && ignore.ignores(found)) continue;
    const stat = lstatSync(join(folder, found));
    bytes += stat.size;
    if (bytes > maxBytes || files.size >= maxFiles) throw imageFailure("image_own_too_large", { path, folder });
    if (stat.isSymbolicLink()) files.set(found, { link: readlinkSync(join(folder, found)) });
    else if (stat.isFile()) files.set(found, { data: readFileSync(join(folder, found)), mode: stat.mode & 0o755 });
  }
  const hash = createHash("sha256");
  for (const [found, entry] of files) {
    hash.update(JSON.stringify([found, "link" in entry ? entry.link : [entry.mode, entry.data.length]]));
    if ("data" in entry) hash.update(entry.data);
  }
  return { dockerfile, name, files, digest: hash.digest("hex") };
}

/** Paths of all that is no folder, in an order that is the same each time. */
function* walk(folder: string, below: string): Generator<string> {
  const entries = readdirSync(join(folder, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(folder, path);
    else yield path;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { entryPoint, projectRoot } from "../../../host/entry-point.ts";
import { onlyStagesFor } from "./dockerfile-stages.ts";

/** What goes to the engine to build one target. */
export interface ImageSources {
  readonly dockerfile: string;
  readonly files: ReadonlyMap<string, string>;
}

/** The text of `images/Dockerfile`. */
export function readDockerfile(): string {
  return readFileSync(join(projectRoot(), "images/Dockerfile"), "utf8");
}

/** The part of the Dockerfile that a target needs, and the files that it copies; undefined when there is no such target. */
export async function readImageSources(target: string): Promise<ImageSources | undefined> {
  const dockerfile = onlyStagesFor(readDockerfile(), target);
  if (dockerfile === undefined) return undefined;
  const paths = [...dockerfile.matchAll(/^COPY\s+((?:images|dist)\/\S+)\s/gm)].map(([, path = ""]) => path);
  const files = new Map<string, string>();
  for (const path of new Set(paths)) files.set(path, await readSource(path));
  return { dockerfile, files };
}

async function readSource(path: string): Promise<string> {
  if (path !== "dist/gate.cjs") return readFileSync(join(projectRoot(), path), "utf8");
  const gate = entryPoint("gate");
  return gate.endsWith(".cjs") ? readFileSync(gate, "utf8") : bundleGate();
}

/** In a checkout that runs from source: the bundle of the sources as they are now, not that of the last build. */
async function bundleGate(): Promise<string> {
  const file = join(projectRoot(), "bin/build-programs.ts");
  const { bundleText } = (await import(pathToFileURL(file).href)) as {
    bundleText: (root: string, entry: "gate") => Promise<string>;
  };
  return bundleText(projectRoot(), "gate");
}

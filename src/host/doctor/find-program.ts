import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";
import type { ProgramFacts } from "./machine-facts.ts";
import { runProbe } from "./run-probe.ts";

/** First executable file of this name in the folders, or undefined. */
export function findExecutable(name: string, folders: readonly string[]): string | undefined {
  return folders
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** A program and its version: the first thing like `1.2.3` that it says. */
export async function findProgram(
  name: string,
  folders: readonly string[],
  versionArgs: readonly string[] = ["--version"],
): Promise<ProgramFacts | undefined> {
  const path = findExecutable(name, folders);
  return path === undefined ? undefined : describeProgram(path, versionArgs);
}

/** What a program at a known path says of itself. */
export async function describeProgram(path: string, versionArgs: readonly string[]): Promise<ProgramFacts> {
  const { stdout, stderr } = await runProbe([path, ...versionArgs], { seconds: 15 });
  const version = /\d+(?:\.\d+)+(?:[\w.-]*\w)?/.exec(`${stdout}\n${stderr}`)?.[0];
  return { path, ...(version !== undefined && { version }) };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { projectRoot } from "./entry-point.ts";
import { readWithin } from "./read-within.ts";

const places = [".devcontainer/devcontainer.json", ".devcontainer.json"] as const;
const largest = 256 * 1024;
const longestMs = 20_000;

/** A workspace's `devcontainer.json`, unread. */
export interface FoundDevcontainer {
  readonly path: string;
  readonly text: string;
}

/** Where a workspace has one that is a file of its own; undefined when there is none. */
export function findDevcontainer(workspace: string): FoundDevcontainer | undefined {
  for (const place of places) {
    const path = join(workspace, place);
    const text = readWithin(workspace, path, largest);
    if (text !== undefined) return { path, text };
  }
  return undefined;
}

/**
 * What it says, as the reference implementation (@devcontainers/cli) reads it: in a process of its own that gets a copy, none of the
 * person's variables, and in docker's place a program that does nothing; none of its commands is run. Undefined when it
 * cannot be read.
 */
export async function readDevcontainer(
  workspace: string,
  { path, text }: FoundDevcontainer,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const root = mkdtempSync(join(tmpdir(), "caisson-devcontainer-"));
  try {
    const copy = join(root, basename(workspace) || "workspace");
    const file = join(copy, path.slice(workspace.length));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o600 });
    const printed = await run(["read-configuration", "--docker-path", "/bin/true", "--workspace-folder", copy], root);
    const read: unknown = JSON.parse(printed.replaceAll(JSON.stringify(copy).slice(1, -1), workspace));
    const config = (read as { readonly configuration?: unknown }).configuration;
    return typeof config === "object" && config !== null ? (config as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function run(args: readonly string[], home: string): Promise<string> {
  const find = createRequire(join(projectRoot(), "package.json"));
  const program = join(dirname(find.resolve("@devcontainers/cli/package.json")), "devcontainer.js");
  const options = { env: { HOME: home, PATH: "/nonexistent" }, cwd: home, timeout: longestMs, maxBuffer: 4 * largest };
  return new Promise((fulfil, reject) => {
    execFile(process.execPath, [program, ...args], options, (error, stdout) => {
      if (error) reject(error);
      else fulfil(stdout);
    });
  });
}

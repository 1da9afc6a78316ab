import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { guardFailure } from "../errors.ts";
import type { GuardHost } from "../guard-host.ts";
import type { WorkingRepository } from "./collect-git-dirs.ts";
import { isWithin } from "./path-within.ts";

/** Keys whose value is a program that git runs on its own, without the person naming it. */
const commandKeys =
  /^(core\.(fsmonitor|sshcommand|editor|pager|askpass|gitproxy|alternaterefscommand)|sequence\.editor|filter\..*\.(clean|smudge|process)|diff\..*\.(textconv|command)|diff\.external|merge\..*\.driver|gpg\.(.*\.)?program|credential\.(.*\.)?helper|.*\.(uploadpack|receivepack))$/;

const maxLinkSearch = 1000;

/** Paths that git of the host obeys and that lie in the working tree: hooks, included configuration, programs it runs. */
export function readGitPaths(
  host: GuardHost,
  dir: string,
  working: readonly WorkingRepository[],
): { readonly present: readonly string[]; readonly hookFolders: readonly { path: string; there: boolean }[] } {
  const present = new Set<string>();
  const hookFolders = new Map<string, boolean>();
  for (const { gitDir, workTree } of working) {
    const inTree = (base: string, value: string) => {
      const path = isAbsolute(value) ? value : resolve(base, value);
      return isWithin(path, dir) && !isWithin(path, gitDir.path) ? path : undefined;
    };
    for (const { key, value = "" } of gitDir.config) {
      if (/^include(if\..*)?\.path$/.test(key)) {
        const path = inTree(gitDir.path, value);
        if (path) present.add(refuseMissing(host, dir, path));
      } else if (key === "core.hookspath") {
        const path = inTree(workTree, value);
        if (path) for (const [folder, there] of hookFolder(host, dir, path)) hookFolders.set(folder, there);
      } else if (commandKeys.test(key)) {
        for (const word of value.split(/[\s"'!]+/).filter((part) => part.includes("/"))) {
          const path = inTree(workTree, word);
          const real = path && host.realPath(path);
          if (real && isWithin(real, dir) && host.look(real)?.kind === "file") present.add(real);
        }
      }
    }
    const hooks = join(gitDir.path, "hooks");
    for (const path of [hooks, ...host.list(hooks).map(({ name }) => join(hooks, name))]) {
      const real = host.look(path)?.kind === "link" ? host.realPath(path) : undefined;
      if (real && isWithin(real, dir)) present.add(real);
    }
  }
  return {
    present: [...present],
    hookFolders: [...hookFolders].map(([path, there]) => ({ path, there })),
  };
}

/** The folder to keep: the whole one where git is told of `X/_`, whose scripts run those of `X`; or what is missing of it. */
function hookFolder(host: GuardHost, dir: string, path: string): readonly [string, boolean][] {
  const whole = path.endsWith("/_") ? dirname(path) : path;
  if (isWithin(dir, whole))
    throw guardFailure("repository_unsupported", { path: dir, reason: "core.hooksPath is the workspace itself" });
  const steps = relative(dir, whole).split("/");
  for (let n = 1; n <= steps.length; n += 1) {
    const step = join(dir, ...steps.slice(0, n));
    const kind = host.look(step)?.kind;
    if (kind === undefined) return [[step, false]];
    if (kind !== "folder")
      throw guardFailure("workspace_link", { path: relative(dir, step), target: host.readLink(step) ?? "a file" });
  }
  return [[whole, true]];
}

/** Git reads an included file that is missing as soon as it is there: nothing could stand in for it. */
function refuseMissing(host: GuardHost, dir: string, path: string): string {
  if (host.look(path)?.kind === "file") return path;
  const reason = `its configuration includes ${relative(dir, path)}, which is not a file`;
  throw guardFailure("repository_unsupported", { path: dir, reason });
}

/** A protected path with all that it leads to: what lies behind links in it is obeyed as well. */
export function followLinks(host: GuardHost, dir: string, path: string): readonly string[] {
  const found = new Set([path]);
  let budget = maxLinkSearch;
  const visit = (folder: string) => {
    for (const { name, kind } of host.list(folder)) {
      budget -= 1;
      if (budget < 0) return;
      if (kind === "folder") visit(join(folder, name));
      const real = kind === "link" ? resolveLink(host, dir, join(folder, name)) : undefined;
      if (real === undefined || found.has(real)) continue;
      found.add(real);
      visit(real);
    }
  };
  visit(path);
  return [...found];
}

/** Where a link leads to in the workspace; undefined when it leads out, where the agent cannot follow. */
function resolveLink(host: GuardHost, dir: string, path: string): string | undefined {
  const target = resolve(dirname(path), host.readLink(path) ?? "");
  const real = host.realPath(path);
  const couldComeToBe = real === undefined && isWithin(target, dir);
  if (couldComeToBe || (real !== undefined && isWithin(dir, real)))
    throw guardFailure("workspace_link", { path: relative(dir, path), target });
  return real !== undefined && isWithin(real, dir) ? real : undefined;
}

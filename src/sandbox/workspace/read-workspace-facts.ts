import { basename, dirname, join } from "node:path";
import { guardFailure } from "./errors.ts";
import type { GuardHost } from "./guard-host.ts";
import { protectedNames } from "./protected-names.ts";
import type { WorkspaceFacts } from "./workspace-facts.ts";

/** Looks at a workspace; throws a `Failure` when it is one that cannot be guarded. */
export async function readWorkspaceFacts(
  host: GuardHost,
  request: { readonly dir: string; readonly home: string; readonly stateRoot: string },
): Promise<WorkspaceFacts> {
  const dir = host.realPath(request.dir);
  if (dir === undefined || host.look(dir)?.kind !== "folder") throw guardFailure("workspace_missing", request);
  refuseTooWide(host, dir, request);
  if (foldsCase(host, dir)) throw guardFailure("workspace_folds_case", { dir });

  const kinds = new Map(host.list(dir).map(({ name, kind }) => [name, kind]));
  const present = protectedNames.filter((name) => kinds.has(name));
  for (const path of present) refuseLink(host, dir, path);
  return { dir, present, absent: protectedNames.filter((name) => !kinds.has(name)), notes: [] };
}

/** A folder that holds the person's home or our own state would hand both to the agent. */
function refuseTooWide(host: GuardHost, dir: string, { home, stateRoot }: { home: string; stateRoot: string }): void {
  const within = (inner: string, outer: string) =>
    inner === outer || inner.startsWith(outer === "/" ? "/" : `${outer}/`);
  const real = (path: string) => host.realPath(path) ?? path;
  const refuse = (reason: string) => guardFailure("workspace_too_wide", { dir, reason });
  if (dir === "/") throw refuse("it is the whole file system");
  if (within(real(home), dir)) throw refuse("it is your home folder, or holds it");
  if (within(dir, real(stateRoot)) || within(real(stateRoot), dir)) throw refuse("Caisson's own state lies there");
}

/** On a file system that folds case, `.GIT` would be another way into `.git`, past what is mounted there. */
function foldsCase(host: GuardHost, dir: string): boolean {
  const name = basename(dir);
  const other = name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase();
  if (other === name) return false;
  const [own, swapped] = [host.look(dir), host.look(join(dirname(dir), other))];
  return own !== undefined && swapped !== undefined && own.ino === swapped.ino && own.dev === swapped.dev;
}

function refuseLink(host: GuardHost, dir: string, path: string): void {
  const target = host.readLink(join(dir, path));
  if (target !== undefined) throw guardFailure("workspace_link", { path, target });
}

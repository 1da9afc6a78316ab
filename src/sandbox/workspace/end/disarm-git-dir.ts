import { join, resolve } from "node:path";
import { isWithin } from "../facts/path-within.ts";
import { readPathFile } from "../facts/read-git-dir.ts";
import { formatConfig } from "../git/config-entry.ts";
import { filterConfig } from "../git/filter-config.ts";
import { listConfig } from "../git/list-config.ts";
import type { GuardHost } from "../guard-host.ts";
import type { GuardPlan } from "../guard-plan.ts";
import type { Notebook } from "./notebook.ts";
import { keepCopy, setAside } from "./set-aside.ts";

const plainConfig = [
  { key: "core.repositoryformatversion", value: "0" },
  { key: "core.filemode", value: "true" },
];

/**
 * Takes out of a git directory in the workspace what git of the host would run. `isKnown`: it was there at launch, and
 * only what changed since is looked at. What is taken out is kept in the guard's folder.
 */
export async function disarmGitDir(
  host: GuardHost,
  plan: GuardPlan,
  gitDir: { readonly path: string; readonly isKnown: boolean },
  notebook: Notebook,
): Promise<void> {
  const { path } = gitDir;
  const concerns = (name: string) => {
    const look = host.look(join(path, name));
    return look !== undefined && (!gitDir.isKnown || look.ctimeMs >= plan.sinceMs);
  };
  const takeOut = (name: string, why: string) => {
    notebook.add({ path: join(path, name), action: "disarmed", detail: `${why}: taken out` });
    setAside(host, plan, join(path, name));
  };
  if (concerns("config")) await disarmConfig(host, plan, path, notebook);
  for (const name of ["config.worktree", "rebase-merge", "rebase-apply", "sequencer"])
    if (concerns(name)) takeOut(name, "it can name commands that git runs");
  if (host.look(join(path, "hooks"))?.kind === "link") {
    if (concerns("hooks")) takeOut("hooks", "a link to hooks");
  } else
    for (const { name } of host.list(join(path, "hooks")))
      if (!name.endsWith(".sample") && concerns(join("hooks", name)))
        takeOut(join("hooks", name), "a hook that git runs");
  const common = readPathFile(host, path, "commondir");
  if (concerns("commondir") && (common === undefined || !isWithin(common, plan.workspace)))
    takeOut("commondir", "it leads out of the workspace");
  if (concerns(join("objects", "info", "alternates")))
    takeOut(join("objects", "info", "alternates"), "it names other object stores");
}

async function disarmConfig(host: GuardHost, plan: GuardPlan, path: string, notebook: Notebook): Promise<void> {
  const file = host.readUntrusted(path, ["config"], 1024 * 1024);
  const entries = file.is === "file" ? await listConfig(host, file.bytes) : undefined;
  const { kept, dropped } = filterConfig(entries ?? [], (value) => isWithin(resolve(path, value), plan.workspace));
  if (entries !== undefined && dropped.length === 0) return;
  const what = entries === undefined ? "git cannot read it" : dropped.map(({ key }) => key).join(", ");
  notebook.add({ path: join(path, "config"), action: "disarmed", detail: `not for an agent to set: ${what}` });
  const waiting = join(path, "caisson-config.new");
  const text = formatConfig(entries === undefined ? plainConfig : kept);
  host.removeTree(waiting);
  host.writeFile(waiting, text, { mode: 0o644 });
  keepCopy(host, plan, join(path, "config"));
  if (host.look(join(path, "config"))?.kind === "folder") host.removeTree(join(path, "config"));
  host.move(waiting, join(path, "config"));
}

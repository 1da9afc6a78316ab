import { basename, dirname, join, resolve } from "node:path";
import { isWithin } from "../facts/path-within.ts";
import { readPathFile } from "../facts/read-git-dir.ts";
import { listActingParts, stampPart } from "../git/acting-parts.ts";
import { formatConfig } from "../git/config-entry.ts";
import { filterConfig } from "../git/filter-config.ts";
import { listConfig } from "../git/list-config.ts";
import type { GuardHost, HeldFolder } from "../guard-host.ts";
import type { GuardNote, GuardPlan } from "../guard-plan.ts";
import { keepingPlace, setAside } from "./set-aside.ts";

const plainConfig = [
  { key: "core.repositoryformatversion", value: "0" },
  { key: "core.filemode", value: "true" },
];
const waitingConfig = "config.caisson-new";

/** A git directory in the workspace, held open. */
export interface SuspectGitDir {
  readonly path: string;
  readonly held: HeldFolder;
}

/**
 * Takes out of a git directory what git of the host would run, and keeps it in the guard's folder. Of one that was there
 * at launch, only what changed since. An agent may be at work beside it: all is done in folders that are held open, by
 * renames that follow nothing.
 */
export async function disarmGitDir(
  host: GuardHost,
  plan: GuardPlan,
  suspect: SuspectGitDir,
  tell: (note: GuardNote) => void,
): Promise<void> {
  const { path, held } = suspect;
  for (const part of listActingParts(host, held.path)) {
    if (isAsBefore(host, plan, suspect, part)) continue;
    const reason =
      part === "config" ? await disarmConfig(host, plan, suspect, tell) : reasonAgainst(host, plan, held.path, part);
    if (reason === undefined) continue;
    using folder = host.holdFolder(
      held.path,
      dirname(part)
        .split("/")
        .filter((name) => name !== "."),
    );
    if (folder === undefined) continue;
    tell({ path: join(path, part), action: "disarmed", detail: `${reason}: taken out` });
    setAside(host, plan, folder.path, basename(part));
  }
}

/** Whether a part is what it was at launch; where the search at launch did not come by, whether it is older than that. */
function isAsBefore(host: GuardHost, plan: GuardPlan, { path, held }: SuspectGitDir, part: string): boolean {
  const known = plan.knownGitDirs[path];
  if (known) return known[part] === stampPart(host, join(held.path, part));
  return !plan.searchedAll && (host.look(join(held.path, part))?.ctimeMs ?? 0) < plan.sinceMs;
}

function reasonAgainst(host: GuardHost, plan: GuardPlan, gitDir: string, part: string): string | undefined {
  if (part === "hooks") return "a link to hooks";
  if (part.startsWith("hooks/")) return "a hook that git runs";
  if (part === "objects/info/alternates") return "it names other object stores";
  if (part !== "commondir") return "it can name commands that git runs";
  const common = readPathFile(host, gitDir, part);
  return common !== undefined && isWithin(common, plan.workspace) ? undefined : "it leads out of the workspace";
}

async function disarmConfig(
  host: GuardHost,
  plan: GuardPlan,
  { path, held }: SuspectGitDir,
  tell: (note: GuardNote) => void,
): Promise<undefined> {
  const file = host.readUntrusted(held.path, ["config"], 1024 * 1024);
  const entries = file.is === "file" ? await listConfig(host, file.bytes) : undefined;
  const { kept, dropped } = filterConfig(entries ?? [], (value) => isWithin(resolve(path, value), plan.workspace));
  if (entries !== undefined && dropped.length === 0) return;
  const what = entries === undefined ? "git cannot read it" : dropped.map(({ key }) => key).join(", ");
  tell({ path: join(path, "config"), action: "disarmed", detail: `not for an agent to set: ${what}`.slice(0, 500) });
  if (file.is === "file") host.writeFile(keepingPlace(host, plan, "config"), file.bytes, { mode: 0o600 });
  if (host.look(join(held.path, waitingConfig))) setAside(host, plan, held.path, waitingConfig);
  host.writeNewFile(join(held.path, waitingConfig), formatConfig(entries === undefined ? plainConfig : kept), 0o644);
  if (host.look(join(held.path, "config"))?.kind === "folder") setAside(host, plan, held.path, "config");
  host.move(join(held.path, waitingConfig), join(held.path, "config"));
}

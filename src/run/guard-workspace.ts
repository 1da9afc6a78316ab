import { join } from "node:path";
import { checkGuardMounts } from "../sandbox/workspace/check-mounts.ts";
import { copyPaths } from "../sandbox/workspace/copy/copy-paths.ts";
import type { GuardHost } from "../sandbox/workspace/guard-host.ts";
import type { GuardMount, GuardNote } from "../sandbox/workspace/guard-plan.ts";
import { type GuardWatch, watchGuard } from "../sandbox/workspace/watch-guard.ts";
import type { Journal } from "../spec/engine.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import type { GuardedWorkspace } from "./keeper-host.ts";

const unguarded: GuardedWorkspace = { mounts: [], notes: [], check: () => {}, watch: () => {}, close: async () => {} };

/** Guards the workspace of a request, where it has one that is mounted. */
export async function guardWorkspace(
  place: {
    readonly guardHost: GuardHost;
    readonly home: string;
    readonly stateRoot: string;
    /** Folders whose files are run outside of any sandbox. */
    readonly codeFolders: readonly string[];
  },
  request: LaunchRequest,
  stateDir: string,
  journal: Journal,
): Promise<GuardedWorkspace> {
  const { mode, dir } = request.metadata.workspace;
  // A copy is the agent's own: nothing of the host looks at it. What is applied from it is looked at then.
  if (mode === "copy" && dir !== undefined) return maskCopy(place.guardHost, request, dir, copyPaths(stateDir));
  if (mode !== "mount" || dir === undefined) return unguarded;
  const { guardHost, home, stateRoot, codeFolders } = place;
  const [{ readWorkspaceFacts }, { planGuard }, { prepareGuard }] = await Promise.all([
    import("../sandbox/workspace/read-workspace-facts.ts"),
    import("../sandbox/workspace/plan-guard.ts"),
    import("../sandbox/workspace/prepare-guard.ts"),
  ]);
  const agentUid = request.docker?.user.uid;
  const masked = request.metadata.masked?.map(({ path }) => path) ?? [];
  const facts = { dir, home, stateRoot, codeFolders, masked, ...(agentUid !== undefined && { agentUid }) };
  const plan = planGuard(await readWorkspaceFacts(guardHost, facts), join(stateDir, "guard"));
  const notes: GuardNote[] = [...plan.notes];
  const present = await prepareGuard(guardHost, plan, journal, (note) => notes.push(note));
  let watch: GuardWatch | undefined;
  let isClosed = false;
  return {
    mounts: plan.mounts,
    notes,
    check: (initPid) => checkGuardMounts(guardHost, plan, initPid),
    watch: (tell) => {
      if (!isClosed) watch = watchGuard(guardHost, plan, tell);
    },
    close: async () => {
      isClosed = true;
      await watch?.[Symbol.asyncDispose]();
      present[Symbol.dispose]();
    },
  };
}

/** A copy holds no masked content; an empty file over each keeps the agent from putting one there that apply would take. */
function maskCopy(
  host: GuardHost,
  { metadata }: LaunchRequest,
  dir: string,
  { tree, mask }: ReturnType<typeof copyPaths>,
): GuardedWorkspace {
  const masked = (metadata.masked ?? []).filter(({ path }) => host.look(join(tree, path))?.kind === "file");
  if (masked.length > 0) host.writeFile(mask, "", { mode: 0o444 });
  const covers = masked.map(({ path }): GuardMount => ({ kind: "ro-bind", source: mask, target: join(dir, path) }));
  return { ...unguarded, mounts: [{ kind: "bind", source: tree, target: dir }, ...covers] };
}

import { existsSync, readFileSync, rmSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { type AuthorityKeys, generateAuthorityKeys, mintAuthority } from "../host/certificate/mint-authority.ts";
import { nextRefresh } from "../host/credential/next-refresh.ts";
import { readCredential } from "../host/credential/read-credential.ts";
import { removeTree } from "../host/process/remove-tree.ts";
import { identifyProcess } from "../host/process-identity.ts";
import { programsOutside } from "../host/programs-outside.ts";
import { openJournal } from "../sandbox/journal.ts";
import { copyPaths } from "../sandbox/workspace/copy/copy-paths.ts";
import { createGuardHost } from "../sandbox/workspace/node-guard-host.ts";
import type { Metadata } from "../spec/state-files.ts";
import { guardWorkspace } from "./guard-workspace.ts";
import type { KeeperHost } from "./keeper-host.ts";
import { sessionRequest } from "./session-request.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a keeper lives. */
export interface KeeperPlace {
  readonly environment: Environment;
  readonly home: string;
  readonly stateRoot: string;
  readonly uid: number;
}

/** Steps that guard what outlives the machine: files in the person's workspace. */
const durableSteps = new Set(["guard_prepared"]);
/** The authority outlives the longest run by this much. */
const authoritySlackSeconds = 86_400;

type EngineNeutral = Omit<
  KeeperHost,
  "startGate" | "prepareSandbox" | "provisionFiles" | "reapSandbox" | "removeScratch" | "endGate"
> & {
  /** Makes the keys of the authority before it is known what to run. */
  prepareAuthority(): void;
};

/** What of a keeper's outside is the same on every engine. */
export function createEngineNeutralHost(place: KeeperPlace): EngineNeutral {
  const { environment, home, stateRoot } = place;
  // A PATH that leads into the workspace is not followed: what lies there a repository brought, or an agent wrote.
  const guardHostFor = (workspace: string | undefined) =>
    createGuardHost(programsOutside(environment.PATH ?? "", workspace));
  let keys: AuthorityKeys | undefined;
  return {
    stateRoot,
    now: () => new Date(),
    identify: identifyProcess,
    openJournal: (file) => openJournal(file, () => new Date(), durableSteps),
    copyWorkspace: async ({ metadata, policy, docker }, paths, watch) => {
      const { prepareCopy } = await import("../sandbox/workspace/copy/prepare-copy.ts");
      const { createTreeHost } = await import("../sandbox/workspace/copy/node-tree-host.ts");
      const { dir = "" } = metadata.workspace;
      // A container of root's has another user inside, to whom the copy must belong.
      const owner = place.uid === 0 ? docker?.user : undefined;
      const request = {
        dir,
        stateDir: paths.dir,
        maxBytes: policy.limits.diskBytes,
        owner,
        masked: metadata.masked?.map(({ path }) => path) ?? [],
      };
      const programs = programsOutside(environment.PATH ?? "", dir);
      const guardHost = guardHostFor(dir);
      return prepareCopy({ host: createTreeHost(), guardHost, programs, home, stateRoot }, request, watch);
    },
    guardWorkspace: (request, paths, journal) => {
      const guardHost = guardHostFor(request.metadata.workspace.dir);
      const outside = { guardHost, home, stateRoot, codeFolders: keptCode(environment, home) };
      return guardWorkspace(outside, request, paths.dir, journal);
    },
    mintAuthority: ({ metadata, policy }) => {
      const seconds = policy.limits.timeoutSeconds + authoritySlackSeconds;
      return mintAuthority(`Caisson sandbox ${metadata.slug}`, new Date(), seconds, keys);
    },
    prepareAuthority: () => {
      keys ??= generateAuthorityKeys();
    },
    // The workspace is named so that no file of it, which an agent may write, is taken for a source.
    readCredential: ({ source }, { metadata }) =>
      readCredential({ environment, home, workspace: metadata.workspace.dir }, source),
    nextRefreshSeconds: ({ source }, value) => nextRefresh(source, value, Date.now()),
    createDecoder: async (request) => {
      if (!request.decode) return undefined;
      const { providers } = await import("../provider/providers.ts");
      return providers[request.provider]?.decoder();
    },
    createSession: async ({ session, provider, home, workdir }) => {
      if (session === undefined) return undefined;
      const { providers } = await import("../provider/providers.ts");
      const own = providers[provider]?.session;
      if (own === undefined) return undefined;
      return { abilities: own.abilities, codec: own.codec(sessionRequest(session, { home, workdir, skills: [] })) };
    },
    loadPrices: async () => (await import("../model/prices.ts")).priceUsage,
    ownAddresses: () =>
      Object.values(networkInterfaces()).flatMap((list) =>
        (list ?? []).map(({ address }) => address.replace(/%.*$/, "")),
      ),
    settleGuard: async (stateDir) => {
      const { settleGuard } = await import("../sandbox/workspace/settle-guard.ts");
      return settleGuard(guardHostFor(readWorkspace(stateDir)), join(stateDir, "guard"));
    },
    removeHalfCopy: async (stateDir) => {
      const { dir, baseline } = copyPaths(stateDir);
      if (existsSync(baseline)) return [];
      const left = removeTree(dir);
      return left === undefined ? [] : [left];
    },
    removeFile: (file) => rmSync(file, { force: true }),
  };
}

/** The workspace of a sandbox, from its metadata: written before anything of it was begun. */
function readWorkspace(stateDir: string): string | undefined {
  const { workspace } = JSON.parse(readFileSync(join(stateDir, "metadata.json"), "utf8")) as Metadata;
  return workspace.dir;
}

/** Where compiled code is kept from start to start (src/host/start-main.ts, bin/caisson): who writes there runs as this person. */
function keptCode(environment: Environment, home: string): readonly string[] {
  const { NODE_COMPILE_CACHE: given, XDG_CACHE_HOME: caches } = environment;
  const folder = join(caches?.startsWith("/") ? caches : join(home, ".cache"), "caisson");
  return given?.startsWith("/") ? [folder, given] : [folder];
}

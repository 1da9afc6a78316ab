import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { identifyProcess } from "../host/process-identity.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { insideHome } from "./compose-launch.ts";
import { claimSlug, keep } from "./keeper.ts";
import type { KeeperHost } from "./keeper-host.ts";
import { rehearsalPlace } from "./rehearsal-place.ts";

/** Longest that it may take, teardown not counted. */
const rehearsalSeconds = 10;

/**
 * Launches `true` in an empty repository, with no route and no credential, from the first step to the teardown: what a launch calls
 * is loaded and compiled then. It has a state root of its own, which goes with it; a keeper that is killed within it leaves it
 * to whoever settles next. `hostAt` gives the keeper's host of a state root. Never rejects.
 */
export async function rehearseLaunch(
  at: { readonly stateRoot: string; readonly hostAt: (stateRoot: string) => KeeperHost },
  signal: AbortSignal,
): Promise<void> {
  const place = rehearsalPlace(at.stateRoot, identifyProcess(process.pid));
  try {
    makeRepository(place.workspace);
    const host = at.hostAt(place.stateRoot);
    const request = rehearsalRequest(place.workspace, host.now());
    if (!claimSlug(host, { slug: request.metadata.slug, resumes: false })) return;
    await keep(host, request, {
      listening: () => {},
      lastWord: () => {},
      alone: Promise.resolve(),
      parse: () => {
        throw new TypeError("nobody speaks to a rehearsal");
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(rehearsalSeconds * 1000)]),
    });
    // With its marker it says that something is left: that is for whoever settles it.
    if (!existsSync(join(place.stateRoot, "open", request.metadata.slug)))
      rmSync(place.folder, { recursive: true, force: true });
  } catch {
    // What is wrong with this machine is told to whoever runs something.
  }
}

/** What git takes for a repository: most workspaces are one. */
function makeRepository(folder: string): void {
  for (const name of ["objects", "refs"]) mkdirSync(join(folder, ".git", name), { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, ".git", "HEAD"), "ref: refs/heads/main\n");
  writeFileSync(join(folder, ".git", "config"), "[core]\n\trepositoryformatversion = 0\n\tbare = false\n");
}

/** The least that a run can be: it reaches nothing and may use little. */
function rehearsalRequest(dir: string, now: Date): LaunchRequest {
  return {
    metadata: {
      version: 1,
      slug: "rehearsal",
      engine: "local",
      compose_project: "caisson-rehearsal",
      agent: "command",
      provider: "command",
      modelSource: "live",
      workspace: { mode: "mount", dir },
      policyHash: "",
      startedAt: now.toISOString(),
    },
    rules: "{}",
    policy: {
      version: 1,
      routes: [],
      credentials: [],
      limits: {
        cpus: 1,
        memoryBytes: 64 * 1024 ** 2,
        processes: 32,
        diskBytes: 1024 ** 2,
        timeoutSeconds: rehearsalSeconds,
        idleSeconds: rehearsalSeconds,
        outputBytes: 1024 ** 2,
      },
      mounts: [],
      ports: [],
      services: [],
      environment: {},
      unixSockets: "deny",
    },
    provider: "command",
    argv: ["true"],
    stdin: "pipe",
    umask: 0o022,
    decode: false,
    workdir: dir,
    home: insideHome,
    toolDirs: [],
    path: ["/usr/bin", "/bin"],
    files: [],
    keeps: [],
    resumes: false,
    copied: false,
  };
}

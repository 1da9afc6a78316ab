import type { Mount } from "../spec/policy.ts";
import { policyFailure } from "./errors.ts";
import { expandPath } from "./expand-path.ts";
import { type ManifestLayer, placeOf } from "./manifest-layer.ts";

const forbiddenTargets = ["/proc", "/sys", "/dev", "/run/caisson", "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64"];
const forbiddenSources = ["/proc", "/sys", "/dev", "/run", "/var/run"];
/** Below a home: what decides what runs outside of any sandbox, rules and compiled code. Nothing inside may write there. */
const ownFolders = [".cache/caisson", ".config/caisson", ".local/state/caisson"];

/** The mounts of the layers by target, stronger ones replacing weaker; refuses what would open the sandbox. */
export function resolveMounts(layers: readonly ManifestLayer[], home: string) {
  const mounts = new Map<string, Mount>();
  const sources: Record<string, string> = {};
  for (const layer of layers) {
    for (const [index, written] of layer.manifest.mounts.entries()) {
      const from = placeOf(layer, ["mounts", index]);
      const mount = resolveMount(written, { from, dir: layer.dir, home });
      mounts.set(mount.target, mount);
      sources[`mount.${mount.target}`] = from;
    }
  }
  return { mounts: [...mounts.values()], sources };
}

/** One mount with absolute paths; refuses what would open the sandbox. */
export function resolveMount(
  written: Mount,
  { from, dir, home }: { readonly from: string; readonly dir: string; readonly home: string },
): Mount {
  const source = expandPath(written.source, { dir, home });
  const target = expandPath(written.target, { dir: "/", home });
  const problem = mountProblem(source, target, home) ?? (written.writable ? writeProblem(source, home) : undefined);
  if (problem) throw policyFailure("mount_refused", { path: source, from, problem });
  return { source, target, writable: written.writable };
}

const isIn = (path: string, dir: string) => path === dir || path.startsWith(`${dir}/`);

function writeProblem(source: string, home: string): string | undefined {
  const own = ownFolders.map((folder) => `${home}/${folder}`).find((dir) => isIn(dir, source) || isIn(source, dir));
  return own === undefined ? undefined : `Caisson's own files lie there (${own}): it cannot be writable`;
}

function mountProblem(source: string, target: string, home: string): string | undefined {
  if (target === "/" || forbiddenTargets.some((dir) => isIn(target, dir))) return `${target} is the sandbox's own`;
  if (source === "/" || source === home || isIn(home, source)) return "it holds a whole home folder";
  if (forbiddenSources.some((dir) => isIn(source, dir))) return "it holds the machine's devices or sockets";
  if (source.endsWith(".sock")) return "a socket of the host is a way out";
  return undefined;
}

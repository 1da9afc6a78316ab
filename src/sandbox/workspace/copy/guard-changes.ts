import { protectedNames } from "../protected-names.ts";

/** Why a change is not applied unless the person says so: it could act on the host by itself; undefined = it may. */
export function protectedReason(path: string, protectedPaths: readonly string[]): string | undefined {
  const parts = path.split("/");
  const plain = parts.map(plainName);
  // What some file system takes for `.git` is one, whatever this one thinks.
  if (plain.some((name) => name === ".git" || /^git~\d+$/.test(name))) return "a name that git may take for its own";
  const name = plain.findIndex((part) => protectedNames.includes(part));
  if (name !== -1) return `${parts[name]}: obeyed on the host by agents, editors or shells`;
  if (protectedPaths.some((protectedPath) => path === protectedPath || path.startsWith(`${protectedPath}/`)))
    return "git runs or obeys it on the host";
  return undefined;
}

/** A name without what file systems that fold names do not look at: case, marks that are not seen, dots at the end. */
const plainName = (name: string): string =>
  Buffer.from(name, "latin1")
    .toString("utf8")
    .replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, "")
    .replace(/[. ]+$/, "")
    .toLowerCase();

const maxLinks = 40;

/**
 * Whether a link leads out of the folder `dir` when it lies at `path` of it, through whatever other links there are.
 * Pure: `links` are all links that lie there then, by path, with their texts. A chain that does not end leads out.
 */
export function leadsOut(dir: string, path: string, links: ReadonlyMap<string, string>): boolean {
  const top = Buffer.from(dir).toString("latin1");
  const at = path.split("/").slice(0, -1);
  const left = [...(links.get(path) ?? "").split("/")];
  if ((links.get(path) ?? "").startsWith("/") && !enter(links.get(path) ?? "")) return true;
  let followed = 0;
  for (let step = left.shift(); step !== undefined; step = left.shift()) {
    if (step === "" || step === ".") continue;
    if (step === "..") {
      if (at.pop() === undefined) return true;
      continue;
    }
    at.push(step);
    const target = links.get(at.join("/"));
    if (target === undefined) continue;
    followed += 1;
    if (followed > maxLinks) return true;
    at.pop();
    const rest = left.splice(0);
    if (!target.startsWith("/")) left.push(...target.split("/"), ...rest);
    else if (!enter(target)) return true;
    else left.push(...rest);
  }
  return false;

  /** Begins anew at an absolute target; false when that lies outside. */
  function enter(target: string): boolean {
    left.splice(0);
    if (target !== top && !target.startsWith(`${top}/`)) return false;
    at.splice(0);
    left.push(...target.slice(top.length).split("/"));
    return true;
  }
}

import { expandPath } from "../expand-path.ts";
import { isLoopback, parsePublish } from "../parse-publish.ts";

/** What is known of the machine when it is asked what a repository may ever get. All paths are absolute and without links. */
export interface TrustPlace {
  readonly workspace: string;
  readonly home: string;
  /** Caisson's own folders, of state and of configuration. */
  readonly ownFolders: readonly string[];
  /** A path without links; itself where there is nothing. */
  realOf(path: string): string;
}

/** A wish of a repository's manifest: which part of it, and what it says there. */
export interface Wish {
  /** The part's name, e.g. `mounts`. */
  readonly key: string;
  /** For a part that is a map: the name in it. */
  readonly name?: string;
  readonly value: unknown;
  /** Absolute folder that the manifest's relative paths start from. */
  readonly dir: string;
  /** Credentials that the repository itself asks for. */
  readonly credentials: readonly string[];
}

/**
 * Why a repository never gets what it asks for, whoever trusts it; undefined where a person's trust is enough. What it may get
 * is shown word by word before; these are things whose words do not say what they would do.
 */
export function neverTrusted({ key, value, dir, credentials, name }: Wish, place: TrustPlace): string | undefined {
  switch (key) {
    case "providers":
      return "it would send the model's key to another place";
    case "secrets":
      return "only you say which of your secrets an agent sees";
    case "credentials":
      return credentialProblem(name ?? "", value as CredentialValue, dir, place);
    case "mounts":
      return mountProblem(value as { readonly source: string; readonly target: string }, dir, place);
    case "ports":
      return portProblem(String(value));
    case "routes": {
      const wanted = (value as { readonly credential?: { readonly name: string } }).credential?.name;
      return wanted === undefined || credentials.includes(wanted)
        ? undefined
        : `credential ${wanted} is not one that it asks for itself`;
    }
    case "dockerfile": {
      const path = expandPath(String(value), { dir, home: place.home });
      const folder = path.slice(0, path.lastIndexOf("/"));
      if (!isWithin(path, place.workspace)) return "its Dockerfile does not lie in it";
      return folder === place.workspace
        ? "what a build may copy would be the whole workspace: put it in a folder"
        : undefined;
    }
    default:
      return undefined;
  }
}

type CredentialValue = { readonly command?: unknown; readonly file?: string };

/** A name that the prefix of a repository's credentials still fits before. */
const longestName = 50;

function credentialProblem(name: string, value: CredentialValue, dir: string, place: TrustPlace): string | undefined {
  if (value.command !== undefined) return "a command would run outside of the sandbox";
  if (name.length > longestName) return "its name is too long";
  if (value.file === undefined) return undefined;
  const file = expandPath(value.file, { dir, home: place.home });
  if (isWithin(file, place.workspace)) return "a file of the workspace is no source: an agent may write to it";
  return secretPlace(file, place) ?? secretPlace(place.realOf(file), place);
}

function mountProblem(
  { source, target }: { readonly source: string; readonly target: string },
  dir: string,
  place: TrustPlace,
): string | undefined {
  const named = expandPath(source, { dir, home: place.home });
  return sourceProblem(named, target, place) ?? sourceProblem(place.realOf(named), target, place);
}

function sourceProblem(from: string, target: string, place: TrustPlace): string | undefined {
  if (isWithin(from, place.workspace)) return "it lies in the workspace, where an agent could put a link";
  if (isWithin(place.workspace, from)) return "it holds the workspace";
  if (isWithin(expandPath(target, { dir: "/", home: place.home }), place.workspace))
    return "it would lie over the workspace";
  if (from === "/" || isWithin(place.home, from)) return "it holds your home";
  if (/^\/(proc|sys|dev|run|var\/run|etc|root)(\/|$)|\.sock$/.test(from)) return "it is the machine's own";
  return secretPlace(from, place);
}

/** Configuration, keys and sign-ins lie in the hidden folders of a home. */
function secretPlace(path: string, { home, ownFolders }: TrustPlace): string | undefined {
  if (ownFolders.some((folder) => isWithin(path, folder) || isWithin(folder, path))) return "it is Caisson's own";
  const hidden = path.startsWith(`${home}/.`) ? path.slice(home.length + 1).split("/")[0] : undefined;
  return hidden === undefined ? undefined : `~/${hidden} is where programs keep your keys and settings`;
}

function portProblem(text: string): string | undefined {
  try {
    return isLoopback(parsePublish(text, "workspace").hostAddress) ? undefined : "it would be open to the network";
  } catch {
    return "it is not a port";
  }
}

/** Whether a path is a folder or lies in it. Both absolute, without links. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);

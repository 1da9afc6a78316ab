import { splitKey } from "./config-entry.ts";

/** What a rule may look at besides the value itself. */
export interface RuleContext {
  /** Remotes that are trusted as destinations: those that were there before, and new ones that passed. */
  readonly remotes: ReadonlySet<string>;
  /** Whether a working tree at this place (as written) lies in the workspace. Only asked for repositories made inside. */
  readonly holdsWorkTree?: (value: string) => boolean;
}

interface ConfigRule {
  readonly key: RegExp;
  /** Why the value is not let through, or undefined when it is. */
  readonly refuse: (value: string, context: RuleContext) => string | undefined;
  /** A value that the person had stays as it is: a change would turn their own pushes, pulls or name to something else. */
  readonly addOnly?: true;
}

const oneOf =
  (...allowed: readonly string[]) =>
  (value: string) =>
    allowed.includes(value.toLowerCase()) ? undefined : `only ${allowed.join(", ")}`;
const bool = oneOf("true", "false", "yes", "no", "on", "off", "1", "0");
const matching = (pattern: RegExp, reason: string) => (value: string) => (pattern.test(value) ? undefined : reason);

const remoteName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const refTail = /^[A-Za-z0-9_][\w./+@#=-]*$/;
const isRefTail = (text: string) => refTail.test(text) && !/\.\.|\/\/|\/\.|\.lock(\/|$)|[./]$|@\{/.test(text);

/** Why a remote's address is not let through. Nothing local, nothing that names a helper program, no password. */
export function refuseUrl(url: string): string | undefined {
  const scp = /^(?:[A-Za-z0-9_.][\w.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!\/\/|:)[\w./~+%@-]+$/;
  const web = /^https:\/\/(?:[\w.%-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?(?:\/[\w./~+%@:,=-]*)?$/;
  const ssh = /^ssh:\/\/(?:[A-Za-z0-9_.][\w.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?\/[\w./~+%@:,=-]*$/;
  if (/^https?:\/\/[^/]*:[^/]*@/.test(url)) return "the address holds a password";
  return web.test(url) || ssh.test(url) || (scp.test(url) && !/^[A-Za-z]:/.test(url))
    ? undefined
    : "only https, ssh and user@host:path addresses";
}

function refuseFetch(value: string): string | undefined {
  const match = /^\+?refs\/(?:heads|tags|pull|merge-requests)\/([^:]+):refs\/(?:remotes|tags)\/([^:]+)$/.exec(value);
  const plain = (text: string | undefined) =>
    text === "*" || (text ?? "").split("*").every((p) => /^[\w./-]*$/.test(p));
  return match && plain(match[1]) && plain(match[2]) && !value.includes("..")
    ? undefined
    : "only branches and tags into refs/remotes or refs/tags";
}

const person = matching(/^[^\p{Cc}]{1,200}$/u, "only one line of text");

/** What an agent may leave in the configuration of a repository. Nothing here can name a program, a file or a folder. */
const rules: readonly ConfigRule[] = [
  { key: /^user\.(name|email)$/, refuse: person, addOnly: true },
  { key: /^remote\..+\.(url|pushurl)$/, refuse: refuseUrl, addOnly: true },
  { key: /^remote\..+\.fetch$/, refuse: refuseFetch, addOnly: true },
  { key: /^remote\..+\.tagopt$/, refuse: oneOf("--no-tags", "--tags"), addOnly: true },
  { key: /^remote\..+\.prune$/, refuse: bool, addOnly: true },
  {
    key: /^branch\..+\.remote$/,
    refuse: (value, { remotes }) =>
      value === "." || remotes.has(value) ? undefined : "not a remote of this repository",
    addOnly: true,
  },
  {
    key: /^branch\..+\.merge$/,
    refuse: (value) => (value.startsWith("refs/heads/") && isRefTail(value.slice(11)) ? undefined : "not a branch"),
    addOnly: true,
  },
  { key: /^branch\..+\.rebase$/, refuse: oneOf("true", "false", "merges") },
  { key: /^submodule\..+\.url$/, refuse: refuseUrl, addOnly: true },
  { key: /^submodule\..+\.active$/, refuse: bool },
  {
    key: /^(pull|branch)\.(rebase|autosetuprebase)$/,
    refuse: oneOf("true", "false", "merges", "never", "always", "local", "remote"),
  },
  { key: /^pull\.ff$/, refuse: oneOf("true", "false", "only") },
  { key: /^push\.default$/, refuse: oneOf("simple", "current", "upstream", "nothing") },
  { key: /^(push\.autosetupremote|fetch\.prune|rerere\.enabled|rebase\.autosquash|rebase\.autostash)$/, refuse: bool },
  { key: /^branch\.autosetupmerge$/, refuse: oneOf("true", "false", "always", "inherit", "simple") },
  { key: /^init\.defaultbranch$/, refuse: (value) => (isRefTail(value) ? undefined : "not a branch name") },
  { key: /^merge\.conflictstyle$/, refuse: oneOf("merge", "diff3", "zdiff3") },
  { key: /^diff\.(algorithm|renames)$/, refuse: matching(/^[a-z]{1,20}$/, "only a word") },
  { key: /^core\.autocrlf$/, refuse: oneOf("true", "false", "input") },
  { key: /^core\.eol$/, refuse: oneOf("lf", "crlf", "native") },
  { key: /^core\.(quotepath|safecrlf)$/, refuse: oneOf("true", "false", "warn") },
];

/** What a repository made inside needs beyond that, to be one at all. */
const structure: readonly ConfigRule[] = [
  { key: /^core\.repositoryformatversion$/, refuse: oneOf("0", "1") },
  { key: /^core\.(filemode|bare|logallrefupdates|ignorecase|symlinks|precomposeunicode)$/, refuse: bool },
  { key: /^extensions\.objectformat$/, refuse: oneOf("sha1", "sha256") },
  {
    key: /^core\.worktree$/,
    refuse: (value, { holdsWorkTree }) => (holdsWorkTree?.(value) ? undefined : "leads out of the workspace"),
  },
];

/** Whether a value may stand in a repository's configuration: undefined = yes, else why not. */
export function refuseEntry(
  entry: { readonly key: string; readonly value: string | undefined },
  context: RuleContext,
  isNew: boolean,
): string | undefined {
  const rule = findRule(entry.key, isNew);
  if (!rule) return "not on the list of what an agent may set";
  const { section, subsection } = splitKey(entry.key);
  if (subsection !== undefined && (/[\p{Cc}"\\]/u.test(subsection) || subsection.startsWith("-")))
    return "a strange name";
  if (section === "remote" && !remoteName.test(subsection ?? "")) return "a strange name";
  return rule.refuse(entry.value ?? "true", context);
}

/** Whether what the person had under this key is never changed. */
export const isAddOnly = (key: string): boolean => findRule(key, false)?.addOnly === true;

/** Whether the key is one that an agent may set at all. */
export const isListed = (key: string): boolean => findRule(key, false) !== undefined;

const findRule = (key: string, isNew: boolean): ConfigRule | undefined =>
  [...rules, ...(isNew ? structure : [])].find((rule) => rule.key.test(key));

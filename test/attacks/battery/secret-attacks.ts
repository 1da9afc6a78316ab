import type { Attack, Patch, Setting } from "../attack.ts";

const unmasked: Patch = {
  file: "src/run/guard-workspace.ts",
  find: "const masked = request.metadata.masked?.map(({ path }) => path) ?? [];",
  replace: "const masked: string[] = [];",
};
/** Then a secret's other names are not looked for. */
const oneName: Patch = {
  file: "src/sandbox/workspace/secrets/find-secrets.ts",
  find: "look.links > 1",
  replace: "look.links > 1000",
};
const unmaskedCopy: readonly Patch[] = [
  {
    file: "src/run/engine-neutral-host.ts",
    find: "metadata.masked?.map(({ path }) => path) ?? []",
    replace: "[]",
  },
  {
    file: "src/run/guard-workspace.ts",
    find: `const masked = (metadata.masked ?? []).filter(`,
    replace: `const masked = [].filter(`,
  },
];

/** A secret of the person's in their workspace, under a second name too, and a link to it. */
const prepare = `mkdir conf; printf 'TOKEN=%s\\n' "$SECRET" > conf/.env; chmod 644 conf/.env; ln conf/.env conf/notes.txt; ln -s conf/.env settings`;

const reading = (name: string, script: string, patches: readonly Patch[] = [unmasked], more: Setting = {}): Attack => ({
  name,
  breaks: "1 no secret inside",
  program: "run-shell.sh",
  setting: { prepare, variables: { SCRIPT: script }, ...more },
  defence: "secrets of the workspace are masked",
  off: { patches },
  evidence: { kind: "secret" },
});

/** Ways to a secret that lies in the workspace. */
export const secretAttacks: readonly Attack[] = [
  reading("masked-read", "cat conf/.env"),
  reading("masked-by-link", "cat settings"),
  reading("masked-by-hard-link", "cat conf/notes.txt", [oneName]),
  reading("masked-linked-anew", "ln conf/.env mine || ln conf/notes.txt mine; cat mine"),
  reading("masked-by-other-root", "cat /proc/self/root$PWD/conf/.env /proc/self/cwd/conf/.env"),
  reading("masked-parent-moved", "mv conf moved || true; cat moved/.env || cat conf/.env"),
  reading(
    "masked-parent-exchanged",
    "mkdir x; OTHER=x TARGET=conf rename-exchange || true; cat x/.env || cat conf/.env",
  ),
  reading("masked-copied", "cp -a conf /tmp/x; cat /tmp/x/.env /tmp/x/notes.txt"),
  reading("masked-by-git", "git add -f conf; git show :conf/.env :conf/notes.txt"),
  reading(
    "masked-stashed",
    "git stash -u -a || true; git stash show -p --include-untracked; git stash pop; cat conf/.env",
  ),
  reading("masked-unmounted", "umount conf/.env || umount -l conf/.env || true; cat conf/.env"),
  reading("masked-in-copy", "cat conf/.env conf/notes.txt", unmaskedCopy, { flags: ["--workspace", "copy"] }),
  {
    ...reading("masked-overwritten", "chmod u+w conf/.env || true; echo {marker} > conf/.env"),
    evidence: { kind: "host", check: 'grep -q "$MARKER" conf/.env' },
  },
];

import type { Attack } from "../attack.ts";

const host = "the host stays well";
const hoarding = (limits: Record<string, unknown>, relaxed: Record<string, unknown>) => ({
  breaks: host,
  setting: { manifest: { limits } },
  off: { setting: { manifest: { limits: relaxed } } },
});

/** Using up what the host needs itself. */
const hoards: readonly Attack[] = [
  {
    ...hoarding({ processes: 64 }, { processes: 2000 }),
    name: "fork-bomb",
    program: "WANTED=300 hoard-processes",
    defence: "limit of processes",
    evidence: { kind: "word" },
  },
  {
    ...hoarding({ memory: "256m" }, { memory: "2g" }),
    name: "memory-hog",
    program: "WANTED=600 hoard-memory",
    defence: "limit of memory",
    evidence: { kind: "word" },
  },
  {
    ...hoarding({ disk: "64m" }, { disk: "2g" }),
    name: "disk-filler",
    program: "run-shell.sh",
    setting: {
      manifest: { limits: { disk: "64m" } },
      variables: { SCRIPT: "for i in $(seq 40); do head -c 15000000 /dev/zero > f$i; sleep 0.25; done" },
    },
    defence: "limit of disk space",
    // Ten seconds are needed for that; whoever watches looks twice a second.
    evidence: { kind: "host", check: "[ $(du -sm . | cut -f1) -ge 500 ]" },
  },
  {
    name: "inherited-descriptor",
    breaks: "1 no secret inside",
    program: "inherited-files",
    setting: {
      shell: "exec 200<{home}/.ssh/id_ed25519",
      variables: { WANTED_HEAD: "host-secret-", TARGET: ".ssh" },
    },
    defence: "descriptors that we inherited are covered",
    off: {
      patches: [
        {
          file: "src/host/process/child.ts",
          find: "const covered = new Set(inheritableDescriptors());",
          replace: "const covered = new Set<number>();\n  void inheritableDescriptors;",
        },
      ],
    },
    evidence: { kind: "secret" },
    notOn: { docker: "the engine starts the command, not we" },
  },
  {
    name: "escape-sequence-printed",
    breaks: host,
    program: "run-shell.sh",
    setting: { terminal: "output", variables: { SCRIPT: "printf '\\033]52;c;%s\\007' $MARKER" } },
    defence: "a command's output is cleaned for a terminal",
    off: {
      patches: [
        {
          file: "src/cli/output/terminal-cleaner.ts",
          find: "return cleanExceptColours(all",
          replace: 'return ((text: string) => text + cleanExceptColours(""))(all',
        },
      ],
    },
    evidence: { kind: "output", pattern: "\\x1b\\]52;c;{marker}" },
  },
  {
    name: "escape-sequence-in-file-name",
    breaks: host,
    program: "run-shell.sh",
    setting: {
      terminal: "output",
      variables: {
        SCRIPT: `mkdir -p "$(printf 'sub/\\033]52;c;%s\\007' $MARKER)"; cd sub/*; git init -q; echo x > .git/hooks/pre-commit`,
      },
    },
    defence: "Caisson's own lines are cleaned",
    off: {
      patches: [
        {
          file: "src/cli/output/text-output.ts",
          find: "const clean = options.colours ? cleanExceptColours : cleanText;",
          replace: 'const clean = (text: string) => (text === "" ? cleanText(cleanExceptColours(text)) : text);',
        },
      ],
    },
    evidence: { kind: "output", pattern: "\\x1b\\]52;c;{marker}" },
  },
];

/** Attacks on the machine itself and on the person's terminal. */
export const limitAttacks: readonly Attack[] = [...hoards];

import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { cliFailure } from "../errors.ts";
import { defineCommand } from "../frame/command.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { confirm } from "../frame/confirm.ts";
import { flag, text } from "../frame/option.ts";
import type { Style } from "../output/output.ts";
import { readManifests } from "../read-manifests.ts";
import { diffLines } from "../trust/diff-lines.ts";
import { readWishes } from "../trust/read-wishes.ts";
import { listTrustRecords, readTrustRecord, removeTrustRecord, writeTrustRecord } from "../trust/trust-store.ts";

/** `caisson policy trust`. */
export const policyTrustCommand = defineCommand({
  arguments: [{ name: "[dir]", summary: "the workspace; by default the current folder" }],
  options: {
    yes: flag("--yes", "trust without being asked; needs --digest"),
    digest: text("--digest <sha256>", "what you looked at: anything else is refused"),
    list: flag("--list", "the workspaces that you trusted"),
    remove: flag("--remove", "trust this workspace no longer"),
  },
  examples: [
    {
      line: "caisson policy trust",
      does: "shows what this repository asks for, and what of it is new; asks yes or no",
    },
    { line: "caisson policy trust --yes --digest 9f2c...", does: "the same in a script, for what a person looked at" },
  ],
  exits: {
    3: "no such folder, or nothing was trusted there",
    5: "not trusted: you said no, or there is nobody to ask",
    7: "it is not what the digest says",
  },
  notes: ["What a repository never gets, whoever trusts it: docs/trust.md."],
  run: async (context, { arguments: [name = "."], options }) => {
    const { folders, output } = context;
    if (options.list) return listTrusted(context);
    const dir = realFolder(context.cwd, name, options.remove);
    if (options.remove) {
      if (!removeTrustRecord(folders.state, dir)) throw cliFailure("trust_none", { dir });
      output.show({ dir, removed: true }, () => [`${dir}  trusted no longer`]);
      return 0;
    }
    if (options.yes && options.digest === undefined)
      throw cliFailure("wrong_usage", { command: "policy trust", problem: "--yes needs --digest: what was looked at" });
    return trustFolder(context, dir, { digest: options.digest, isYes: options.yes });
  },
});

async function trustFolder(
  context: CommandContext,
  dir: string,
  { digest, isYes }: { readonly digest: string | undefined; readonly isYes: boolean },
): Promise<number> {
  const { folders, output } = context;
  const { layers, notes } = await readManifests(context, { workspace: dir, manifest: undefined, isAsked: true });
  for (const note of notes) output.note(`  ! ${note.text}`);
  const read = await readWishes(context, dir, layers);
  const never = read?.wishes.filter((wish) => wish.never !== undefined) ?? [];
  if (read === undefined || (read.lines.length === 0 && read.problems.length === 0)) {
    const lines = never.map(({ where, says, never: why }) => `  never  ${where} ${says}: ${why}`);
    output.show({ dir, trusted: false, asks: [], never }, () => [
      `${dir}  asks for nothing that you could allow`,
      ...lines,
    ]);
    return 0;
  }
  const record = readTrustRecord(folders.state, dir);
  const isTrusted = record?.digest === read.digest;
  const diff = diffLines(record?.lines ?? [], read.lines);
  const shown = { dir, digest: read.digest, diff, never, problems: read.problems };
  const before =
    record === undefined
      ? "never trusted before"
      : isTrusted
        ? "as you trusted it"
        : `trusted ${dayText(record.trustedAt)}, changed since`;
  const told = () => [
    `${dir}  ${before}`,
    ...diff.map(({ sign, line }) => signed(output.style, sign, line)),
    ...never.map(({ where, says, never: why }) => output.style.dim(`  never  ${where} ${says}: ${why}`)),
    `  digest ${read.digest}`,
  ];
  if (read.problems.length > 0) throw cliFailure("trust_unreadable", { dir, problems: read.problems });
  const accept = (): number => {
    if (!isTrusted)
      writeTrustRecord(folders.state, {
        version: 1,
        dir,
        digest: read.digest,
        lines: read.lines,
        trustedAt: new Date().toISOString(),
      });
    output.show({ ...shown, trusted: true }, () => [
      ...(isYes ? told() : []),
      "trusted, as long as nothing of it changes",
    ]);
    return 0;
  };
  if (digest !== undefined && digest !== read.digest)
    throw cliFailure("trust_changed", { dir, digest: read.digest, wanted: digest });
  if (isYes) return accept();
  if (isTrusted) {
    output.show({ ...shown, trusted: true }, told);
    return 0;
  }
  if (!context.input.isTerminal || output.json) {
    output.show({ ...shown, trusted: false }, told);
    throw cliFailure("trust_unasked", { dir, digest: read.digest });
  }
  for (const line of told()) output.note(line);
  if (await confirm(context, "Allow all of this to agents that work here?")) return accept();
  throw cliFailure("trust_declined", { dir });
}

function listTrusted({ folders, output }: CommandContext): number {
  const records = listTrustRecords(folders.state);
  if (records.length === 0) output.note("no workspace is trusted");
  for (const { dir, digest, lines, trustedAt } of records)
    output.show({ dir, digest, trustedAt, lines }, () => [
      `${dir}   trusted ${dayText(trustedAt)}   ${lines.length} things allowed   digest ${digest.slice(0, 16)}`,
    ]);
  return 0;
}

/** Its day and minute, by the clock of the world. */
const dayText = (iso: string): string => `${iso.slice(0, 16).replace("T", " ")} UTC`;

function signed(style: Style, sign: "+" | "-" | " ", line: string): string {
  const whole = `  ${sign}      ${line}`;
  return sign === "+" ? style.good(whole) : sign === "-" ? style.bad(whole) : whole;
}

/** One that is gone can still be forgotten. */
function realFolder(cwd: string, name: string, mayBeGone: boolean): string {
  const wanted = resolve(cwd, name);
  const stat = statSync(wanted, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return realpathSync(wanted);
  if (stat === undefined && mayBeGone) return wanted;
  throw cliFailure("trust_none", { dir: wanted });
}

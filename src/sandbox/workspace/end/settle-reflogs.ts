import { basename, dirname, join } from "node:path";
import type { HeldGitDir } from "../git/hold-git-dir.ts";
import { isReflog, mergeReflogs } from "../git/merge-reflog.ts";
import { listFiles, loadReflogStamps, stampReflog } from "../git/reflog-stamps.ts";
import { isRefName, maxStateBytes } from "../git/state-files.ts";
import type { GuardHost } from "../guard-host.ts";
import type { Notebook } from "./notebook.ts";

const maxReflogBytes = 16 * 1024 * 1024;

/**
 * Carries over reflogs, the list of stashes among them. They are no part of what is shared while the agent runs: git
 * appends to them through links, and an agent's link could make the person's own git write anywhere.
 */
export function settleReflogs(host: GuardHost, unit: HeldGitDir, tag: string, notebook: Notebook): void {
  const stamps = loadReflogStamps(host, unit);
  const insideLogs = join(unit.privateDir, "logs");
  const left = new Set(listFiles(host, insideLogs));
  // As git does it with a branch: its reflog goes when it goes.
  const packed = host.readUntrusted(unit.at, ["packed-refs"], maxStateBytes);
  const names = new Set(packed.is === "file" ? packed.bytes.toString().split(/[ \n]/) : []);
  for (const [path, stamp] of Object.entries(stamps)) {
    const isGone = path !== "HEAD" && !names.has(path) && host.look(join(unit.at, path)) === undefined;
    if (isGone && !left.has(path) && stampReflog(host, unit, path) === stamp) removeReflog(host, unit, path);
  }
  for (const path of left) {
    const note = (detail: string) => notebook.add({ path: join(unit.path, "logs", path), action: "dropped", detail });
    if (path !== "HEAD" && !isRefName(path)) {
      note("not the name of a ref");
      continue;
    }
    const [inside, outside] = [insideLogs, join(unit.at, "logs")].map((folder) =>
      host.readUntrusted(folder, path.split("/"), maxReflogBytes),
    );
    if (inside?.is !== "file" || outside === undefined || outside.is === "refused") continue;
    const text = inside.bytes.toString();
    const theirs = outside.is === "file" ? outside.bytes.toString() : "";
    const current = stampReflog(host, unit, path);
    // The person deleted the branch meanwhile: its reflog is not brought back.
    if (text === theirs || (current === undefined && stamps[path] !== undefined)) continue;
    if (!isReflog(text)) note("git would not have written it so");
    else writeReflog(host, unit, { path, tag, text: current === stamps[path] ? text : mergeReflogs(text, theirs) });
  }
}

function writeReflog(host: GuardHost, unit: HeldGitDir, log: { path: string; tag: string; text: string }): void {
  const target = join(unit.at, "logs", log.path);
  const waiting = join(unit.at, `caisson-${log.tag}.${basename(log.path)}`);
  host.makeFolder(dirname(target), 0o755);
  host.writeFile(waiting, log.text, { mode: host.look(target)?.mode ?? 0o644 });
  host.move(waiting, target);
}

function removeReflog(host: GuardHost, unit: HeldGitDir, path: string): void {
  host.removeFile(join(unit.at, "logs", path));
  // As git does: folders of a branch's name go, those of all branches stay.
  let folder = dirname(path);
  while (folder.split("/").length > 2 && host.removeFolder(join(unit.at, "logs", folder))) folder = dirname(folder);
}

import type { ListedSandbox } from "../../run/list-sandboxes.ts";
import type { Metadata } from "../../spec/state-files.ts";
import { ageText } from "./age-text.ts";

/** What is true of a sandbox now, in a few words; `bootId` tells a dead keeper from a machine that was restarted. */
export function sandboxStateText(sandbox: ListedSandbox, now: Date, bootId: string): string {
  const { metadata, state, unsettled, lastSeen } = sandbox;
  const since = (date: Date) => ageText(now.getTime() - date.getTime());
  if (state === "running") return `running ${since(new Date(metadata.startedAt))}`;
  const ended = metadata.endedAt === undefined ? lastSeen : new Date(metadata.endedAt);
  const left = unsettled ? "; something of it may be left: caisson cleanup" : "";
  if (state === "interrupted") {
    const why = metadata.keeper.bootId === bootId ? "its keeper ended" : "power lost, or the machine was restarted";
    return `interrupted ${since(ended)} ago (${why})${left}`;
  }
  return `${endText(metadata)} ${since(ended)} ago${left}`;
}

/** How a run ended, in words. */
function endText({ end, exitCode }: Metadata): string {
  switch (end) {
    case "failed":
      return exitCode === null || exitCode === undefined ? "failed" : `failed (exit ${exitCode})`;
    case "timed_out":
      return "timed out";
    case "launch_failed":
      return "did not start";
    case undefined:
      return "ended";
    default:
      return end;
  }
}

/** Where a sandbox's workspace is, for a list. */
export function workspaceText({ workspace }: Metadata, home: string): string {
  if (workspace.dir === undefined) return "no workspace";
  return workspace.dir.startsWith(`${home}/`) ? `~${workspace.dir.slice(home.length)}` : workspace.dir;
}

/** The model's source, said wherever a run is shown that no live model answered. */
export function modelSourceText({ modelSource }: Metadata): string {
  return modelSource === "live" ? "" : modelSource;
}

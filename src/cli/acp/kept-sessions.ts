import { RequestError, type SessionInfo, type SessionUpdate } from "@agentclientprotocol/sdk";
import { inspectSandbox, type ListedSandbox, listSandboxes } from "../../run/list-sandboxes.ts";
import { readEvents } from "../../run/read-events.ts";
import { statePaths } from "../../sandbox/state-paths.ts";
import type { RunEvent } from "../../spec/events.ts";
import type { EditorUpdates } from "./editor-updates.ts";

/** The newest of an agent's conversations that are told of. */
const mostListed = 50;
const longestTitle = 80;

/** The conversations of an agent that can be gone on with, newest first; those of one folder alone where that is said. */
export function listKept(stateRoot: string, agent: string, folder: string | undefined): readonly SessionInfo[] {
  return listSandboxes(stateRoot)
    .filter((one) => isKept(one, agent) && (folder === undefined || one.metadata.workspace.dir === folder))
    .slice(0, mostListed)
    .map(({ metadata, lastSeen }) => {
      const { slug, label, workspace, endedAt } = metadata;
      const title = label ?? firstWords(readEvents(statePaths(stateRoot, slug).events));
      return {
        sessionId: slug,
        cwd: workspace.dir ?? "/",
        ...(title !== undefined && { title }),
        updatedAt: endedAt ?? lastSeen.toISOString(),
      };
    });
}

/** The one of that id. Throws where there is none of this agent in this folder. */
export function findKept(
  stateRoot: string,
  wanted: { readonly sessionId: string; readonly agent: string; readonly folder: string },
): ListedSandbox {
  // The id comes from outside: it must be a name, and not a way to another folder.
  const found = /^[a-z0-9-]+$/.test(wanted.sessionId) ? inspectSandbox(stateRoot, wanted.sessionId) : undefined;
  if (!found || !isKept(found, wanted.agent) || found.metadata.workspace.dir !== wanted.folder)
    throw RequestError.sessionNotFound(wanted.sessionId);
  return found;
}

/** What was said and done in a conversation before, as an editor shows it. */
export function retell(events: readonly RunEvent[], updates: EditorUpdates): readonly SessionUpdate[] {
  return events.flatMap((event): readonly SessionUpdate[] =>
    event.event === "prompt_received"
      ? [{ sessionUpdate: "user_message_chunk", content: { type: "text", text: event.text } }]
      : updates.event(event),
  );
}

const isKept = ({ metadata, state }: ListedSandbox, agent: string) =>
  metadata.agent === agent && metadata.resumable === true && state !== "running";

function firstWords(events: readonly RunEvent[]): string | undefined {
  const prompt = events
    .find((event) => event.event === "prompt_received")
    ?.text.replace(/\s+/g, " ")
    .trim();
  return prompt !== undefined && prompt.length > longestTitle ? `${prompt.slice(0, longestTitle)}…` : prompt;
}

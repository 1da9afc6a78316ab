import type { InitializeRequest, NewSessionRequest, ResumeSessionRequest } from "@agentclientprotocol/sdk";
import { version } from "../base/version.ts";
import type { ThinkingLevel } from "../spec/session.ts";
import type { AcpPeer, AcpReply } from "./acp-peer.ts";
import type { AcpSettings } from "./acp-settings.ts";
import { objectIn, textIn } from "./json-line-decoder.ts";
import type { StepBuilder } from "./step-builder.ts";

/** What a conversation begins with. */
export interface AcpOpening {
  readonly agent: string;
  readonly workdir: string;
  /** The agent's id of the conversation to go on with. */
  readonly resume?: string | undefined;
  /** Asked for over the protocol, where the command line could not. */
  readonly model?: string | undefined;
  readonly thinking?: ThinkingLevel | undefined;
}

interface OpeningContext {
  readonly peer: Pick<AcpPeer, "request">;
  readonly step: Pick<StepBuilder, "tell">;
  readonly settings: AcpSettings;
}

/** Greets the agent, opens the conversation and chooses what was wished; `then` gets its id, or what was in the way. */
export function openAcpConversation(
  { peer, step, settings }: OpeningContext,
  { agent, workdir, resume, model, thinking }: AcpOpening,
  then: (opened: { readonly conversation: string } | { readonly problem: string }) => void,
): void {
  const initialized = (reply: AcpReply) => {
    if (!reply.ok) return then({ problem: reply.message });
    const { protocolVersion } = reply.result;
    if (protocolVersion !== 1)
      return then({ problem: `it speaks version ${String(protocolVersion)} of the protocol, not 1` });
    const place = { cwd: workdir, mcpServers: [] } satisfies NewSessionRequest;
    if (resume === undefined) return peer.request("session/new", place, opened);
    const capabilities = objectIn(reply.result, "agentCapabilities");
    const { resume: resumes } = objectIn(capabilities, "sessionCapabilities");
    const canResume = typeof resumes === "object" && resumes !== null;
    if (!canResume && capabilities.loadSession !== true)
      return then({ problem: "it cannot go on with an earlier conversation" });
    const again = { ...place, sessionId: resume } satisfies ResumeSessionRequest;
    return peer.request(canResume ? "session/resume" : "session/load", again, opened);
  };
  const opened = (reply: AcpReply) => {
    if (!reply.ok) return then({ problem: reply.message });
    const conversation = resume ?? textIn(reply.result, "sessionId");
    if (conversation === "") return then({ problem: "it named no conversation" });
    step.tell({ event: "conversation_opened", conversation, resumed: resume !== undefined });
    settings.read(reply.result);
    const chosen = () => then({ conversation });
    return choose("model", model, conversation, () => choose("thinking", thinking, conversation, chosen));
  };
  const choose = (what: "model" | "thinking", wish: string | undefined, conversation: string, next: () => void) => {
    if (wish === undefined) return next();
    const change = settings.change(what, wish, conversation);
    if (change === "is so") return next();
    const without = (why: string) => {
      const message = `${agent} keeps its ${what}: ${why}`;
      // Work by another model than the one that was wished is not what the person pays for.
      if (what === "model") return then({ problem: message });
      step.tell({ event: "error_reported", message });
      return next();
    };
    if (change === undefined) return without(`there is no "${wish}" to choose`);
    return peer.request(change.method, change.params, (reply) => (reply.ok ? next() : without(reply.message)));
  };
  const hello = {
    protocolVersion: 1,
    clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
    clientInfo: { name: "caisson", version },
  } satisfies InitializeRequest;
  peer.request("initialize", hello, initialized);
}

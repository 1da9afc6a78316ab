import { statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { Readable } from "node:stream";
import {
  type AgentContext,
  agent as acpAgent,
  methods,
  type NewSessionRequest,
  ndJsonStream,
  PROTOCOL_VERSION,
  RequestError,
  type ResumeSessionRequest,
} from "@agentclientprotocol/sdk";
import { Failure } from "../../base/failure.ts";
import { version } from "../../base/version.ts";
import { cliFailure } from "../errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
import type { RunInput } from "../run/run-options.ts";
import { createEditorSession, type EditorSession } from "./editor-session.ts";
import { findKept, listKept } from "./kept-sessions.ts";
import { openSealedSession, resumeSealedSession } from "./sealed-session.ts";

/** What `caisson acp` was given: the agent, and the options that each of its sessions gets. */
export interface AcpInput {
  readonly agent: string;
  readonly options: RunInput["options"];
}

/** Speaks the Agent Client Protocol to an editor on standard input and output, until that ends; then nothing of it runs any more. */
export async function serveAcp(context: CommandContext, input: AcpInput): Promise<number> {
  const { output } = context;
  if (output.json)
    throw cliFailure("wrong_usage", { command: "acp", problem: "its output is JSON lines already: leave --json out" });
  if (context.input.isTerminal) output.note("an editor speaks to this command: see docs/editors.md (Ctrl-D ends it)");
  const sessions = new Map<string, EditorSession>();
  const opening = new Set<Promise<unknown>>();
  const writable = new WritableStream<Uint8Array>({
    // An editor that reads slowly is felt by whoever writes.
    write: (bytes) => {
      output.raw(bytes);
      return output.finish();
    },
  });
  const readable = Readable.toWeb(context.input.stream) as ReadableStream<Uint8Array>;
  const connection = createAgent(context, input, { sessions, opening }).connect(ndJsonStream(writable, readable));
  using _interrupts = context.onInterrupt(() => connection.close());
  await connection.closed;
  // A session that is being launched is stopped when it is there: it has a keeper by then that can be told.
  await Promise.allSettled(opening);
  await Promise.all([...sessions.values()].map((session) => session.close()));
  return 0;
}

function createAgent(
  context: CommandContext,
  input: AcpInput,
  open: { readonly sessions: Map<string, EditorSession>; readonly opening: Set<Promise<unknown>> },
) {
  const { sessions, opening } = open;
  let notices = false;
  const find = (id: string) => {
    const session = sessions.get(id);
    if (!session) throw RequestError.sessionNotFound(id);
    return session;
  };
  const launch = async (request: NewSessionRequest, editor: AgentContext) => {
    const session = createEditorSession(editor, { notices });
    const sealed = await openSealedSession(inFolder(context, request.cwd), runInput(context, input), session.listener);
    session.opened(sealed, notesOf(request));
    sessions.set(sealed.slug, session);
    return { sessionId: sealed.slug };
  };
  const goOn = async (request: ResumeSessionRequest, editor: AgentContext, isRetold: boolean) => {
    const { sessionId, cwd } = request;
    const kept = findKept(context.folders.state, { sessionId, agent: input.agent, folder: cwd });
    const session = createEditorSession(editor, { notices });
    const { sealed, before } = await resumeSealedSession(inFolder(context, cwd), kept, session.listener);
    session.opened(sealed, notesOf({ mcpServers: request.mcpServers ?? [] }));
    sessions.set(sealed.slug, session);
    if (isRetold) await session.retell(before);
    return {};
  };
  /** Stopped with the others, also when the editor goes before it is there. */
  const counted = async <T>(act: () => Promise<T>): Promise<T> => {
    const launched = telling(act);
    opening.add(launched);
    try {
      return await launched;
    } finally {
      opening.delete(launched);
    }
  };
  return acpAgent({ name: "caisson" })
    .onRequest(methods.agent.initialize, ({ params }) => {
      notices = params.clientCapabilities?.session?.notices != null;
      return {
        protocolVersion: PROTOCOL_VERSION,
        agentInfo: { name: "caisson", title: `${input.agent}, sealed by Caisson`, version },
        agentCapabilities: {
          loadSession: true,
          promptCapabilities: { embeddedContext: true },
          sessionCapabilities: { close: {}, list: {}, resume: {} },
        },
        authMethods: [],
      };
    })
    .onRequest(methods.agent.session.new, ({ params, client }) => counted(() => launch(params, client)))
    .onRequest(methods.agent.session.load, ({ params, client }) => counted(() => goOn(params, client, true)))
    .onRequest(methods.agent.session.resume, ({ params, client }) => counted(() => goOn(params, client, false)))
    .onRequest(methods.agent.session.list, ({ params }) => ({
      sessions: [...listKept(context.folders.state, input.agent, params.cwd ?? undefined)],
    }))
    .onRequest(methods.agent.session.prompt, ({ params, signal }) =>
      telling(() => find(params.sessionId).prompt(params, signal)),
    )
    .onRequest(methods.agent.session.close, ({ params }) =>
      telling(async () => {
        const session = find(params.sessionId);
        sessions.delete(params.sessionId);
        await session.close();
        return {};
      }),
    )
    .onNotification(methods.agent.session.cancel, async ({ params }) => {
      await sessions.get(params.sessionId)?.cancel();
    });
}

/** What is expected to go wrong becomes an error that the editor can show, with what to do in its data. */
async function telling<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, message, hint, exit, status } = error;
    const rpc = status === 401 ? -32_000 : status < 500 ? -32_602 : -32_603;
    throw new RequestError(rpc, message, { code, hint, exit });
  }
}

/** The editor's folder in the place of ours; and nobody is there to be asked. */
function inFolder(context: CommandContext, cwd: string): CommandContext {
  if (!isAbsolute(cwd) || !statSync(cwd, { throwIfNoEntry: false })?.isDirectory())
    throw cliFailure("folder_missing", { folder: cwd });
  const { stream } = context.input;
  return { ...context, cwd, earlyKeeper: undefined, input: { isTerminal: false, stream } };
}

/** As `caisson run --session AGENT` would have been typed there. */
function runInput({ cwd }: CommandContext, { agent, options }: AcpInput): RunInput {
  const manifest = options.manifest === undefined ? undefined : resolve(cwd, options.manifest);
  return { arguments: [agent], command: undefined, options: { ...options, manifest } };
}

function notesOf({ mcpServers }: Pick<NewSessionRequest, "mcpServers">): readonly string[] {
  if (mcpServers.length === 0) return [];
  const names = mcpServers.map(({ name }) => name).join(", ");
  return [`the editor's MCP servers are not passed in (${names}): they live outside of the sandbox`];
}

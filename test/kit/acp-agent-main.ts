// An agent that nobody but a manifest knows: made of the official library's agent side, it speaks to Anthropic's API with what
// it finds in STAND_IN_KEY. It stands for any agent that a person brings.
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { Readable, Writable } from "node:stream";
import {
  type AgentContext,
  agent,
  methods,
  ndJsonStream,
  type SessionConfigOption,
  type SessionUpdate,
  type StopReason,
} from "@agentclientprotocol/sdk";

type Fields = Readonly<Record<string, string>>;
interface Block {
  readonly type: string;
  readonly text?: string;
  readonly id?: string;
  readonly name?: string;
  readonly input?: Fields;
}
interface Conversation {
  readonly cwd: string;
  readonly chosen: { model: string; effort: string };
  messages: object[];
  abort: AbortController;
}

const tools = {
  bash: ["command"],
  read: ["path"],
  write: ["path", "content"],
  edit: ["path", "old_string", "new_string"],
};
const conversations = new Map<string, Conversation>();

const optionsOf = ({ chosen }: Conversation): SessionConfigOption[] => [
  choice("model", "model", chosen.model, ["model-one", "model-two"]),
  choice("effort", "thought_level", chosen.effort, ["low", "medium", "high"]),
];
const choice = (
  id: string,
  category: string,
  currentValue: string,
  values: readonly string[],
): SessionConfigOption => ({
  type: "select",
  id,
  name: id,
  category,
  currentValue,
  options: values.map((value) => ({ value, name: value })),
});

async function askModel({ messages, chosen, cwd, abort }: Conversation, hasTools = true): Promise<readonly Block[]> {
  const described = Object.entries(tools).map(([name, parameters]) => ({
    name,
    input_schema: {
      type: "object",
      properties: Object.fromEntries(parameters.map((one) => [one, { type: "string" }])),
    },
  }));
  const response = await fetch("https://api.anthropic.com/v1/messages", {
    method: "POST",
    headers: { "content-type": "application/json", "x-api-key": process.env.STAND_IN_KEY ?? "" },
    body: JSON.stringify({
      model: chosen.model,
      max_tokens: 1000,
      system: `Working directory: ${cwd}`,
      output_config: { effort: chosen.effort },
      messages,
      ...(hasTools && { tools: described }),
    }),
    signal: abort.signal,
  });
  return ((await response.json()) as { content: readonly Block[] }).content;
}

function work(name: string, input: Fields, cwd: string): Promise<string> | string {
  const { command = "", path = "", content = "", old_string = "", new_string = "" } = input;
  switch (name) {
    case "bash":
      return new Promise((resolve) =>
        execFile("sh", ["-c", command], { cwd }, (_error, stdout, stderr) => resolve(stdout + stderr)),
      );
    case "write":
      writeFileSync(path, content);
      return "written";
    case "edit":
      writeFileSync(path, readFileSync(path, "utf8").replace(old_string, new_string));
      return "edited";
    default:
      return readFileSync(path, "utf8");
  }
}

/** Uses one tool when it may; what came of it is for the model. */
async function useTool(client: AgentContext, sessionId: string, block: Block): Promise<object> {
  const conversation = conversations.get(sessionId);
  const { id: toolCallId = "", name = "", input = {} } = block;
  const tell = (update: SessionUpdate) => client.notify(methods.client.session.update, { sessionId, update });
  await tell({ sessionUpdate: "tool_call", toolCallId, title: name, status: "pending", rawInput: input });
  const { outcome } = await client.request(methods.client.session.requestPermission, {
    sessionId,
    toolCall: { toolCallId, title: `${name} ${Object.values(input)[0]}`, rawInput: input },
    options: [
      { optionId: "yes", name: "Yes", kind: "allow_once" },
      { optionId: "no", name: "No", kind: "reject_once" },
    ],
  });
  const isAllowed = outcome.outcome === "selected" && outcome.optionId === "yes";
  const text = isAllowed ? await work(name, input, conversation?.cwd ?? "") : "not allowed";
  const content = [{ type: "content" as const, content: { type: "text" as const, text } }];
  await tell({ sessionUpdate: "tool_call_update", toolCallId, status: isAllowed ? "completed" : "failed", content });
  return { type: "tool_result", tool_use_id: toolCallId, content: text };
}

async function answer(client: AgentContext, sessionId: string, conversation: Conversation): Promise<StopReason> {
  for (;;) {
    const content = await askModel(conversation);
    conversation.messages.push({ role: "assistant", content });
    for (const { type, text = "" } of content)
      if (type === "text")
        await client.notify(methods.client.session.update, {
          sessionId,
          update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text } },
        });
    const uses = content.filter(({ type }) => type === "tool_use");
    if (uses.length === 0) return "end_turn";
    const results: object[] = [];
    for (const use of uses) results.push(await useTool(client, sessionId, use));
    if (conversation.abort.signal.aborted) return "cancelled";
    conversation.messages.push({ role: "user", content: results });
  }
}

const find = (id: string) => {
  const conversation = conversations.get(id);
  if (!conversation) throw new Error(`no conversation ${id}`);
  return conversation;
};

agent({ name: "stand-in" })
  .onRequest(methods.agent.initialize, () => ({ protocolVersion: 1, agentCapabilities: {} }))
  .onRequest(methods.agent.session.new, async ({ params, client }) => {
    const sessionId = `conversation-${conversations.size + 1}`;
    const chosen = { model: "model-one", effort: "low" };
    const made: Conversation = { cwd: params.cwd, chosen, messages: [], abort: new AbortController() };
    conversations.set(sessionId, made);
    await client.notify(methods.client.session.update, {
      sessionId,
      update: {
        sessionUpdate: "available_commands_update",
        availableCommands: [{ name: "compact", description: "sums up" }],
      },
    });
    return { sessionId, configOptions: optionsOf(made) };
  })
  .onRequest(methods.agent.session.setConfigOption, ({ params }) => {
    const conversation = find(params.sessionId);
    conversation.chosen[params.configId === "model" ? "model" : "effort"] = String(params.value);
    return { configOptions: optionsOf(conversation) };
  })
  .onNotification(methods.agent.session.cancel, ({ params }) => find(params.sessionId).abort.abort())
  .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
    const conversation = find(params.sessionId);
    conversation.abort = new AbortController();
    const [block] = params.prompt;
    const text = block?.type === "text" ? block.text : "";
    try {
      if (text === "/compact") {
        const summary = await askModel(conversation, false);
        conversation.messages = [{ role: "user", content: summary.map((one) => one.text).join("") }];
        return { stopReason: "end_turn" };
      }
      conversation.messages.push({ role: "user", content: text });
      return { stopReason: await answer(client, params.sessionId, conversation) };
    } catch (error) {
      if (conversation.abort.signal.aborted) return { stopReason: "cancelled" };
      throw error;
    }
  })
  .connect(
    ndJsonStream(
      Writable.toWeb(process.stdout) as WritableStream<Uint8Array>,
      Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
    ),
  );

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { anthropicError, anthropicEvents, anthropicMessage, readAnthropic } from "./model-endpoint-anthropic.ts";
import { readGithub } from "./model-endpoint-github.ts";
import {
  chatCompletion,
  chatEvents,
  readChat,
  readResponses,
  responseEvents,
  responseObject,
} from "./model-endpoint-openai.ts";
import { answerFromScript, type ScriptedRequest, type ScriptedTurn } from "./model-endpoint-script.ts";
import { loopback, type TestPlace } from "./test-engine.ts";

type Json = Readonly<Record<string, unknown>>;

/** One request as it arrived, credentials and all: a test asserts on them. */
interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** A model API on loopback that follows a script. `received` grows while it runs. */
export interface ModelEndpoint extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly received: readonly ReceivedRequest[];
}

export interface ModelEndpointOptions {
  readonly turns: readonly ScriptedTurn[];
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Loopback when not said. */
  readonly place?: TestPlace;
  /** This many model requests are answered with 529 (overloaded) before the script begins. */
  readonly refuseFirst?: number;
}

/** Starts a model that speaks the Anthropic messages and OpenAI chat and responses APIs (these under Copilot's paths, too), streamed or not, with tool use. */
export async function startModelEndpoint(options: ModelEndpointOptions): Promise<ModelEndpoint> {
  const received: ReceivedRequest[] = [];
  let toRefuse = options.refuseFirst ?? 0;
  const hung = new Set<number>();
  const isLeftHanging = (method = "", endpoint = "", text = "") => {
    const request = method === "POST" ? readRequest(endpoint, parse(text)) : undefined;
    if (!request || request.tools.length === 0) return false;
    const { turnsDone } = request;
    if (!options.turns[turnsDone]?.hangs || hung.has(turnsDone)) return false;
    hung.add(turnsDone);
    return true;
  };
  const listener: RequestListener = (request, response) => {
    readText(request).then(
      (text) => {
        const path = request.url ?? "/";
        received.push({ method: request.method ?? "", path, headers: request.headers, text });
        if (isLeftHanging(request.method, path.split("?", 1)[0], text)) return;
        const isRefused = request.method === "POST" && toRefuse-- > 0;
        const reply = isRefused ? overloaded : replyTo(request.method, path.split("?", 1)[0], options.turns, text);
        send(response, reply);
      },
      () => response.destroy(),
    );
  };
  const server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
  const place = options.place ?? loopback;
  const port = await place.listen(server);
  return {
    url: `${options.tls ? "https" : "http"}://${place.address}:${port}`,
    port,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Reply = { readonly status: number; readonly json: Json } | { readonly events: readonly string[] };

const overloaded: Reply = { status: 529, json: anthropicError("overloaded_error", "Overloaded") };

function replyTo(method = "", endpoint = "", turns: readonly ScriptedTurn[] = [], text = ""): Reply {
  const body = parse(text);
  const json = (value: Json): Reply => ({ status: 200, json: value });
  const github = readGithub(method, endpoint);
  if (github) return json(github);
  switch (`${method} ${endpoint}`) {
    case "GET /backend-api/codex/models":
    case "GET /v1/models":
      return json({ data: [], has_more: false });
    case "POST /v1/messages": {
      const request = readAnthropic(body);
      const said = answerFromScript(turns, request);
      return request.streamed ? { events: anthropicEvents(said, request) } : json(anthropicMessage(said, request));
    }
    case "POST /v1/messages/count_tokens":
      return json({ input_tokens: Math.ceil(text.length / 4) });
    case "POST /chat/completions":
    case "POST /v1/chat/completions": {
      const request = readChat(body);
      const said = answerFromScript(turns, request);
      const isUsageAsked = (body.stream_options as Json | undefined)?.include_usage === true;
      return request.streamed
        ? { events: chatEvents(said, request, isUsageAsked) }
        : json(chatCompletion(said, request));
    }
    case "POST /backend-api/codex/responses":
    case "POST /responses":
    case "POST /v1/responses": {
      const request = readResponses(body);
      const said = answerFromScript(turns, request);
      return request.streamed ? { events: responseEvents(said, request) } : json(responseObject(said, request));
    }
    default:
      return { status: 404, json: anthropicError("not_found_error", `no such path: ${method} ${endpoint}`) };
  }
}

/** A request to a model, of whichever API. */
function readRequest(endpoint: string, body: Json): ScriptedRequest | undefined {
  if (/\/messages$/.test(endpoint)) return readAnthropic(body);
  if (/\/chat\/completions$/.test(endpoint)) return readChat(body);
  return /\/responses$/.test(endpoint) ? readResponses(body) : undefined;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return {};
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, reply: Reply): void {
  const id = { "request-id": "req_scripted" };
  if ("json" in reply) {
    response.writeHead(reply.status, { "content-type": "application/json", ...id });
    response.end(JSON.stringify(reply.json));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", ...id });
  for (const event of reply.events) response.write(event);
  response.end();
}

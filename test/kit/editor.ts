import { spawn } from "node:child_process";
import { Readable, Writable } from "node:stream";
import {
  type ClientConnection,
  client,
  methods,
  ndJsonStream,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
  type SessionUpdate,
} from "@agentclientprotocol/sdk";
import { launcher, type TestCli } from "./cli.ts";

/** What an editor heard of its sessions, in order. */
export interface HeardUpdate {
  readonly sessionId: string;
  readonly update: SessionUpdate;
}

/** An editor, made of the official client library, with `caisson acp` as its agent. */
export interface TestEditor extends AsyncDisposable {
  readonly pid: number;
  readonly agent: ClientConnection["agent"];
  readonly heard: readonly HeardUpdate[];
  readonly asked: readonly RequestPermissionRequest[];
  /** What the agent said in a session, pieces joined. */
  said(sessionId: string): string;
  /** Resolves when something heard is as wanted. */
  saw(isWanted: (update: HeardUpdate) => boolean): Promise<void>;
  /** Ends its agent's standard input, as an editor that quits; resolves with the exit code. */
  quit(): Promise<number | null>;
  kill(): Promise<void>;
  stderr(): string;
}

/** Starts one, and shakes hands. `permit`: what its person says to a question. */
export async function startEditor(
  cli: TestCli,
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly permit?: (request: RequestPermissionRequest) => RequestPermissionResponse["outcome"];
    readonly notices?: boolean;
  } = {},
): Promise<TestEditor> {
  const child = spawn(launcher, ["acp", ...args], {
    cwd: cli.home,
    env: { ...cli.environment, ...options.env },
    stdio: "pipe",
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => {});
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  const heard: HeardUpdate[] = [];
  const asked: RequestPermissionRequest[] = [];
  const watchers = new Set<() => void>();
  const connection = client({ name: "editor of the tests" })
    .onNotification(methods.client.session.update, ({ params }) => {
      heard.push(params);
      for (const watch of watchers) watch();
    })
    .onRequest(methods.client.session.requestPermission, ({ params }) => {
      asked.push(params);
      return { outcome: options.permit?.(params) ?? { outcome: "cancelled" } };
    })
    .connect(
      ndJsonStream(
        Writable.toWeb(child.stdin) as WritableStream<Uint8Array>,
        Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>,
      ),
    );
  const { agent } = connection;
  await agent.request(methods.agent.initialize, {
    protocolVersion: 1,
    clientInfo: { name: "tests", version: "1" },
    clientCapabilities: options.notices ? { session: { notices: {} } } : {},
  });
  const quit = () => {
    child.stdin.end();
    return ended;
  };
  return {
    pid: child.pid ?? -1,
    agent,
    heard,
    asked,
    said: (sessionId) =>
      heard
        .filter((one) => one.sessionId === sessionId)
        .map(({ update }) =>
          update.sessionUpdate === "agent_message_chunk" && update.content.type === "text" ? update.content.text : "",
        )
        .join(""),
    saw: (isWanted) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!heard.some(isWanted)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
        void ended.then(() => reject(new Error(`caisson acp ended:\n${stderr}`)));
      }),
    quit,
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
    stderr: () => stderr,
    async [Symbol.asyncDispose]() {
      connection.close();
      child.kill();
      await ended;
    },
  };
}

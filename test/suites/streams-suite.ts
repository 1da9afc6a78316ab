import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import type { TestCli } from "../kit/cli.ts";
import type { TestEngine } from "../kit/test-engine.ts";
import { startUpstream, type Upstream } from "../kit/upstream.ts";

const realKey = "real-key-0d1c7be6a94b4f0f8f53c2e1";
const env = { SERVICE_KEY: realKey };
const size = 512 * 1024 ** 2;

function writeManifest(cli: TestCli, upstream: Upstream): readonly string[] {
  const file = join(cli.home, "mine.yaml");
  writeFileSync(join(cli.home, "ca.pem"), upstream.ca);
  const lines = [
    "credentials: { service: { env: SERVICE_KEY, environment: [SERVICE_KEY] } }",
    "routes:",
    "  - host: api.service.example",
    "    http2: true",
    "    credential: { name: service, inject: [{ as: bearer }] }",
    `    upstream: ${upstream.origin}`,
    "    extraCaFile: ca.pem",
    `    allowAddresses: [${upstream.cidr}]`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return ["--manifest", file];
}

/** Takes a WebSocket and says every short text back; tells what came. */
function sayBack(request: IncomingMessage, socket: Duplex, came: (text: string) => void): void {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  socket.write(`${[...head, `Sec-WebSocket-Accept: ${accept}`].join("\r\n")}\r\n\r\n`);
  socket.on("error", () => {});
  socket.on("data", (frame: Buffer) => {
    const length = (frame[1] ?? 0) & 0x7f;
    const mask = frame.subarray(2, 6);
    const text = frame.subarray(6, 6 + length).map((byte, n) => byte ^ (mask[n % 4] ?? 0));
    if (frame[0] !== 0x81) return;
    came(Buffer.from(text).toString());
    socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
  });
}

const webSocketProgram = `
  const socket = new WebSocket("wss://api.service.example/talk");
  socket.onopen = () => socket.send("hello");
  socket.onmessage = ({ data }) => {
    console.log("back", data);
    if (data === "hello") socket.send(process.env.SERVICE_KEY);
    else socket.close();
  };
  socket.onclose = () => console.log("closed");
  socket.onerror = () => console.log("error");
`;

/** Memory that a process has had at most, in bytes. */
const mostMemoryOf = (pid: number) =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

async function sendMuch(_: IncomingMessage, response: ServerResponse): Promise<void> {
  const piece = Buffer.alloc(256 * 1024, "x");
  response.setHeader("content-length", size);
  for (let sent = 0; sent < size; sent += piece.length) if (!response.write(piece)) await once(response, "drain");
  response.end();
}

/** What passes the gate other than a plain request, on any engine. */
export const describeStreams = (engine: TestEngine) =>
  describe(`streams, ${engine.name}`, () => {
    it("must-have 32: a WebSocket passes both ways, and one that carries a placeholder is cut", async () => {
      await using cli = engine.createCli();
      await using upstream = await startUpstream(undefined, engine.place);
      const came: string[] = [];
      upstream.server.on("upgrade", (request, socket) => sayBack(request, socket, (text) => void came.push(text)));
      const flags = writeManifest(cli, upstream);
      const result = await cli.run(["run", "--json", ...flags, "--", "node", "-e", webSocketProgram], { env });
      const events = result.jsonLines<{ event: string; text?: string }>();
      const said = events.flatMap(({ event, text = "" }) => (event === "output_produced" ? [text] : [])).join("");
      expect(`${said}${result.stderr}`).toMatch(/back hello[\s\S]*closed/);
      expect(came).toEqual(["hello"]);
      expect(events).toContainEqual(
        expect.objectContaining({ event: "placeholder_sighted", credential: "service", action: "blocked" }),
      );
    });

    it("must-have 32: HTTP/2 passes, with the key put in and masked, and is looked through", async () => {
      await using cli = engine.createCli();
      // It waits for the whole request: one that is answered before its body came may pass, without the body.
      await using upstream = await startUpstream(
        (request, response) => void request.on("end", () => response.end(`you sent ${request.headers.authorization}`)),
        engine.place,
      );
      const url = "https://api.service.example/v2";
      const script = [
        `curl -sS --http2 -w '\\nversion %{http_version}\\n' -H "Authorization: Bearer $SERVICE_KEY" ${url}/ok`,
        `curl -sS --http2 -o /dev/null -D - -d "key=$SERVICE_KEY" ${url}/leak | tr -d '\\r' | grep -i ^x-caisson-rule`,
      ].join("; ");
      const result = await cli.run(["run", ...writeManifest(cli, upstream), "--", "sh", "-c", script], { env });
      const masked = "*".repeat(realKey.length);
      expect(result.stdout).toBe(`you sent Bearer ${masked}\nversion 2\nx-caisson-rule: placeholder\n`);
      expect(upstream.received[0]?.headers.authorization).toBe(`Bearer ${realKey}`);
    });

    it("must-have 32: half a gigabyte streams through a gate whose memory does not grow with it", async () => {
      await using cli = engine.createCli();
      await using upstream = await startUpstream((request, response) => void sendMuch(request, response), engine.place);
      const script = [
        "curl -sS -r 0-0 --max-filesize 1 -o /dev/null https://api.service.example/warm 2>/dev/null",
        "touch warm; until [ -e go ]; do sleep 0.1; done",
        "curl -sS https://api.service.example/much | wc -c > size; touch done; sleep 600",
      ].join("; ");
      const running = cli.start(["run", ...writeManifest(cli, upstream), "--", "sh", "-c", script], { env });
      const exists = (name: string) => () => existsSync(join(cli.workspace, name));
      await expect.poll(exists("warm"), { timeout: 60_000 }).toBe(true);
      const [{ slug } = { slug: "" }] = (await cli.run(["ls", "--json"])).jsonLines<{ slug: string }>();
      const gate = await engine.gateOf(cli, slug);
      const before = mostMemoryOf(gate);
      writeFileSync(join(cli.workspace, "go"), "");
      await expect.poll(exists("done"), { timeout: 100_000, interval: 200 }).toBe(true);
      expect(Number(readFileSync(join(cli.workspace, "size"), "utf8"))).toBe(size);
      expect(mostMemoryOf(gate) - before).toBeLessThan(size / 3);
      running.kill("SIGINT");
      await running.ended;
    });
  });

import { createHmac, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { createServer as createTcpServer, isIPv6, type Socket } from "node:net";
import { createSecureContext, createServer as createTlsServer, type SecureContext, type TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import { makeTestCa } from "./test-ca.ts";
import { addresses, echoPort } from "./world-addresses.ts";
import { answerDns } from "./world-dns.ts";
import { type Answer, type SeenRequest, serveCarelessly } from "./world-http.ts";

// The listeners of the outside world, started inside its network namespace. They keep all they were sent, and answer a
// marker with a proof that only they can make: a program that shows the proof has really been here.

const secret = randomBytes(32);
const sightings: { readonly service: string; readonly text: string }[] = [];
const proofOf = (marker: string) => createHmac("sha256", secret).update(marker).digest("hex").slice(0, 24);
const proofsIn = (text: string) =>
  [...new Set(text.match(/mk[0-9a-f]{16}/g) ?? [])].map((marker) => `seen ${marker} ${proofOf(marker)}`).join("\n");

function see(service: string, text: string): void {
  sightings.push({ service, text });
  if (sightings.length > 5000) sightings.shift();
}

/** The path as a server understands it that decodes first and resolves the dots afterwards. */
function understand(target: string): string {
  let path = target.replace(/^[a-z]+:\/\/[^/]*/i, "").replace(/[?#].*$/s, "");
  try {
    path = decodeURIComponent(path);
  } catch {
    // Not decodable: taken as it came.
  }
  return new URL(path.replaceAll("\\", "/").replace(/^\/+/, "/"), "http://outside.invalid").pathname;
}

function answerHttp(service: string, request: SeenRequest): Answer {
  const method = request.headers.get("x-http-method-override")?.[0] ?? request.method;
  const host = request.headers.get("host")?.[0] ?? "";
  const head = request.raw.slice(0, request.raw.length - request.body.length);
  const path = understand(request.headers.get("x-original-url")?.[0] ?? request.target);
  const facts = `${method} ${path} host=${host} at ${service}`;
  see("bytes", request.raw);
  see("request", `${facts} ${request.target}`);
  const url = new URL(request.target, "http://outside.invalid");
  if (url.pathname === "/redirect") {
    return { status: 302, headers: { location: url.searchParams.get("to") ?? "/" }, body: "" };
  }
  if (url.pathname === "/public/upgrade") {
    return { status: 101, headers: { connection: "Upgrade", upgrade: "websocket" }, body: "" };
  }
  // What was only a body to us gets no proof: a smuggled request shows only when it was understood as one.
  const body = `${proofsIn(head)}\n${facts}\n`;
  switch (url.pathname) {
    case "/echo":
      return { status: 200, body: `${body}${request.raw}` };
    case "/echo/packed":
      return { status: 200, headers: { "content-encoding": "gzip" }, body: gzipSync(request.raw) };
    case "/echo/header":
      return { status: 200, headers: { "x-echo": request.headers.get("authorization")?.[0] ?? "" }, body };
    case "/echo/base64":
      return { status: 200, body: Buffer.from(request.headers.get("authorization")?.[0] ?? "").toString("base64") };
    default:
      return { status: 200, body };
  }
}

const lenience = (name: string) => (name.startsWith("cl.") ? ("length" as const) : ("chunked" as const));

function echo(socket: Socket, service: string): void {
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes) => {
    see(service, bytes.toString("latin1"));
    socket.write(`${proofsIn(bytes.toString("latin1"))}\n`);
  });
}

const authority = makeTestCa("Outside world of the Caisson tests");
const contexts = new Map<string, SecureContext>();
function contextFor(name: string): SecureContext {
  const context = contexts.get(name) ?? createSecureContext(authority.leaf(name));
  contexts.set(name, context);
  return context;
}

const tls = createTlsServer(
  { ...authority.leaf("unnamed.test"), SNICallback: (name, done) => done(null, contextFor(name)) },
  (socket: TLSSocket) => {
    const name = typeof socket.servername === "string" ? socket.servername : "";
    const service = `https ${socket.localAddress} sni=${name}`;
    see("tls", `sni=${name}`);
    serveCarelessly(socket, lenience(name), (request) => answerHttp(service, request));
  },
);
tls.on("tlsClientError", () => undefined);

function listenTcp(port: number, serve: (socket: Socket) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createTcpServer(serve);
    server.once("error", reject);
    server.listen({ port, host: "::" }, resolve);
  });
}

function listenUdp(address: string, port: number, reply: (bytes: Buffer) => Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    socket.once("error", reject);
    socket.on("message", (bytes, from) => {
      const answer = reply(bytes);
      if (answer !== undefined) socket.send(answer, from.port, from.address);
    });
    socket.bind(port, address, resolve);
  });
}

function replyDns(query: Buffer): Buffer | undefined {
  const answer = answerDns(query);
  if (answer === undefined) return undefined;
  see("dns", answer.name);
  return answer.reply;
}

await listenTcp(echoPort, (socket) => echo(socket, `tcp ${socket.localAddress}`));
await listenTcp(80, (socket) =>
  serveCarelessly(socket, "chunked", (request) => answerHttp(`http ${socket.localAddress}`, request)),
);
await listenTcp(443, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.once("data", (first) => {
    // A tunnel that carries no TLS ends here as well: the first byte tells.
    if (first[0] === 0x16) {
      socket.pause();
      socket.unshift(first);
      tls.emit("connection", socket);
      return;
    }
    echo(socket, `plain-443 ${socket.localAddress}`);
    socket.emit("data", first);
  });
});
const udpAddresses = [addresses.site, addresses.attacker, addresses.resolver, addresses.site6, addresses.private];
for (const address of udpAddresses) {
  await listenUdp(address, echoPort, (bytes) => {
    see(`udp ${address}`, bytes.toString("latin1"));
    return Buffer.from(proofsIn(bytes.toString("latin1")));
  });
  await listenUdp(address, 53, replyDns);
}

process.on("message", (ask: { id: number; call: string; marker?: string }) => {
  const marker = ask.marker ?? "";
  const value =
    ask.call === "sightings"
      ? sightings.filter((s) => s.text.toLowerCase().includes(marker.toLowerCase()))
      : proofOf(marker);
  process.send?.({ id: ask.id, value });
});
process.on("disconnect", () => process.exit(0));
process.send?.({ ready: true, certificate: authority.certificate });

import type { IncomingMessage, RequestListener } from "node:http";
import { describe, expect, it } from "vitest";
import { GateWorld, type TestUpstream } from "../../kit/gate-world.ts";
import { mintedSecrets, mintingAnswers } from "../../kit/minting-endpoint.ts";

type Exchange = { readonly fields?: string[]; readonly usedOn?: string[] };

/** What an upstream was sent, bodies included. */
interface Seen {
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

async function worldWith(exchange: Exchange | undefined, more: object = {}) {
  const world = new GateWorld();
  const seen: Seen[] = [];
  const listener: RequestListener = (request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      seen.push({ url: request.url, headers: request.headers, body });
      const answer = mintingAnswers[request.url?.split("?")[0] ?? ""];
      if (answer) answer(request, response);
      else {
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ you: request.headers, body, url: request.url }));
      }
    });
  };
  const login = await world.upstream("login.example", listener);
  const files = await world.upstream("files.example", listener);
  const other = await world.upstream("other.example", listener);
  const mint = { name: "mint", paths: [{ prefix: "/mint" }], ...(exchange && { exchange }), ...more };
  const open = (upstream: TestUpstream) => upstream.route();
  await world.configure({ routes: [login.route(mint), open(login), open(files), open(other)] });
  return { world, seen };
}

const secrets = Object.values(mintedSecrets);
/** Every form in which a secret could be read out of an answer. */
const formsOf = (secret: string) => [
  secret,
  encodeURIComponent(secret),
  new URLSearchParams({ a: secret }).toString().slice(2),
  [...secret].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
];
const givenAway = (answer: { head: string; body: string }) =>
  secrets.some((secret) => formsOf(secret).some((form) => `${answer.head}${answer.body}`.includes(form)));
const tokenOf = (body: string, field = "access_token") => (JSON.parse(body) as Record<string, string>)[field] ?? "";

describe("an answer that mints secrets", () => {
  const packed = new Set(["/mint/gzip", "/mint/brotli"]);

  it.each(Object.keys(mintingAnswers))("%s gives them away as it is, and not with exchange", async (path) => {
    const unguarded = await worldWith(undefined);
    await using _ = unguarded.world;
    const bare = await unguarded.world.ask("login.example", `GET ${path}`);
    const isTrailer = path === "/mint/trailer" || path === "/mint/reason";
    // What is packed is read by whoever unpacks it; trailers and reasons have never passed.
    if (!packed.has(path) && !isTrailer) expect(givenAway(bare)).toBe(true);
    const { world } = await worldWith({ fields: [] });
    await using __ = world;
    for (const line of [`GET ${path}`, `POST ${path}`, `HEAD ${path}`]) {
      const answer = await world.ask("login.example", line, {
        headers: ["Range: bytes=0-60", "Accept-Encoding: gzip, br"],
        ...(line.startsWith("POST") && { body: "" }),
      });
      expect(givenAway(answer), answer.head + answer.body).toBe(false);
      expect(answer.status).toBeGreaterThan(0);
    }
    expect(JSON.stringify(world.messages)).not.toContain(mintedSecrets.access);
  });

  it("keeps what clients read of it: other fields, a token's claims, the kind of an Authorization", async () => {
    const { world } = await worldWith({ fields: [] });
    await using _ = world;
    const plain = JSON.parse((await world.ask("login.example", "GET /mint/plain")).body) as Record<string, unknown>;
    expect(plain).toMatchObject({ token_type: "Bearer", expires_in: 3600 });
    expect(plain.access_token).toMatch(/^caisson-minted-[0-9a-f]{32}-\d{6}$/);
    expect(plain.id_token).toMatch(/^eyJhbGciOiJIUzI1NiJ9\.eyJlbWFpbCI6\w+\.caisson-minted-/);
    const gzip = await world.ask("login.example", "GET /mint/gzip");
    expect(JSON.parse(gzip.body)).toEqual(plain);
    const lines = world.decisions.map(({ verdict, rule, reason }) => ({ verdict, rule, reason }));
    expect(lines[0]).toEqual({
      verdict: "allow",
      rule: "mint",
      reason: "allowed; 3 minted secrets exchanged for placeholders",
    });
  });

  it.each(["page", "broken", "lines", "bare", "bytes", "long", "moved", "part", "coded"])(
    "is refused with its reason where it cannot be read: /mint/%s",
    async (name) => {
      const { world } = await worldWith({ fields: [] });
      await using _ = world;
      const answer = await world.ask("login.example", `GET /mint/${name}`);
      expect(answer).toMatchObject({ status: 502, rule: "exchange" });
      expect(world.decisions).toMatchObject([{ verdict: "refuse", rule: "exchange" }]);
    },
  );
});

describe("a minted placeholder", () => {
  it("becomes its secret on the host that minted it, in a header for credentials", async () => {
    const { world, seen } = await worldWith({ fields: [] });
    await using _ = world;
    const token = tokenOf((await world.ask("login.example", "GET /mint/plain")).body);
    const basic = Buffer.from(`me:${token}`).toString("base64");
    for (const value of [`Bearer ${token}`, `Basic ${basic}`]) {
      const answer = await world.ask("login.example", "GET /me", { headers: [`Authorization: ${value}`] });
      expect(answer.status).toBe(200);
      // The server repeats what it was sent: it is blotted out.
      expect(answer.body).not.toContain(mintedSecrets.access);
      expect(answer.body).toContain("*".repeat(mintedSecrets.access.length));
    }
    const real = Buffer.from(`me:${mintedSecrets.access}`).toString("base64");
    expect(seen.slice(1).map(({ headers }) => headers.authorization)).toEqual([
      `Bearer ${mintedSecrets.access}`,
      `Basic ${real}`,
    ]);
    expect(world.decisions.at(-1)?.reason).toBe("allowed, with a minted secret in the place of its placeholder");
  });

  it("becomes its secret in a body of the endpoint that minted it, in the body's own kind", async () => {
    const { world, seen } = await worldWith({ fields: [] });
    await using _ = world;
    const token = tokenOf((await world.ask("login.example", "GET /mint/plain")).body, "refresh_token");
    await world.ask("login.example", "POST /mint/plain", {
      headers: ["Content-Type: application/x-www-form-urlencoded"],
      body: `grant_type=refresh_token&refresh_token=${token}`,
    });
    await world.ask("login.example", "POST /mint/plain", {
      headers: ["Content-Type: application/json"],
      body: JSON.stringify({ grant_type: "refresh_token", refresh_token: token }),
    });
    expect(new URLSearchParams(seen[1]?.body).get("refresh_token")).toBe(mintedSecrets.refresh);
    expect(JSON.parse(seen[2]?.body ?? "")).toMatchObject({ refresh_token: mintedSecrets.refresh });
  });

  it("goes where usedOn says, as a signed address too, and nowhere else", async () => {
    const { world, seen } = await worldWith({
      fields: ["objects[].actions.*.header.Authorization", "objects[].actions.*.href"],
      usedOn: ["files.example"],
    });
    await using _ = world;
    const batch = JSON.parse((await world.ask("login.example", "GET /mint/lfs")).body) as {
      objects: { actions: { download: { href: string; header: { Authorization: string } } } }[];
    };
    const { href = "", header } = batch.objects[0]?.actions.download ?? {};
    const { pathname, search, host } = new URL(href);
    expect(host).toBe("files.example");
    const headers = [`Authorization: ${header?.Authorization}`];
    const got = await world.ask("files.example", `GET ${pathname}${search}`, { headers });
    expect(seen.at(-1)).toMatchObject({
      url: `/objects/abc?${mintedSecrets.signature}`,
      headers: { authorization: `Basic ${mintedSecrets.lfs}` },
    });
    expect(givenAway(got)).toBe(false);
    const before = seen.length;
    for (const line of [`GET /x${search}`, `GET /x${search}&more=1`]) {
      const answer = await world.ask("other.example", line);
      expect(answer).toMatchObject({ status: 403, rule: "placeholder" });
    }
    expect(await world.ask("other.example", "GET /x", { headers })).toMatchObject({ rule: "placeholder" });
    expect(await world.ask("files.example", `GET ${pathname}${search}&more=1`)).toMatchObject({ rule: "placeholder" });
    expect(seen).toHaveLength(before);
    expect(world.all("sighting").map(({ credential, action }) => [credential, action])).toEqual(
      Array.from({ length: 4 }, () => ["minted-secret", "blocked"]),
    );
  });

  it("is sighted in any other place of its own host: a server may keep what it is sent, and give it back", async () => {
    const { world, seen } = await worldWith({ fields: [] });
    await using _ = world;
    const token = tokenOf((await world.ask("login.example", "GET /mint/plain")).body);
    const hex = Buffer.from(token).toString("hex");
    const attempts: [string, { headers?: string[]; body?: string }][] = [
      [`GET /me?token=${token}`, {}],
      [`GET /${token}`, {}],
      ["GET /me", { headers: [`X-Note: ${token}`] }],
      ["GET /me", { headers: [`X-Note: ${hex}`] }],
      ["PUT /note", { body: token }],
      ["PUT /note", { body: Buffer.from(token).toString("base64") }],
    ];
    for (const [line, options] of attempts)
      expect(await world.ask("login.example", line, options), line).toMatchObject({ status: 403, rule: "placeholder" });
    expect(seen).toHaveLength(1);
  });

  it("is forgotten with its sandbox, and means nothing in another one", async () => {
    const first = await worldWith({ fields: [] });
    await using _ = first.world;
    const token = tokenOf((await first.world.ask("login.example", "GET /mint/plain")).body);
    const second = await worldWith({ fields: [] });
    await using __ = second.world;
    await second.world.ask("login.example", "GET /me", { headers: [`Authorization: Bearer ${token}`] });
    expect(second.seen[0]?.headers.authorization).toBe(`Bearer ${token}`);
  });

  it("is refused where the gate cannot look: a packed body, a WebSocket, a model's route", async () => {
    const { world } = await worldWith({ fields: [] });
    await using _ = world;
    const packed = await world.ask("login.example", "POST /mint/plain", {
      headers: ["Content-Encoding: gzip"],
      body: "x",
    });
    expect(packed).toMatchObject({ rule: "exchange" });
    const upgrade = [
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ];
    expect(await world.ask("login.example", "GET /mint/plain", { headers: upgrade })).toMatchObject({
      rule: "exchange",
    });
    await expect(worldWith({ fields: [] }, { model: "openai" })).rejects.toThrow("a model API mints no secrets");
  });
});

describe("a minted secret that is no word", () => {
  it.each([
    ["line ends", "word-of-a-token\r\nx-smuggled: yes\r\nx-rest: "],
    ["characters that end as line ends in a head", "word-of-a-token\u010d\u010ax-smuggled: yes\u010d\u010ax-rest: "],
  ])("with %s writes no header, and no request, of its own", async (_, token) => {
    await using world = new GateWorld();
    const heads: string[] = [];
    const upstream = await world.upstream("login.example", (request, response) => {
      heads.push(JSON.stringify(request.headers));
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(request.url === "/mint" ? { access_token: token } : {}));
    });
    const mint = upstream.route({ name: "mint", paths: [{ exact: "/mint" }], exchange: { fields: [], usedOn: [] } });
    await world.configure({ routes: [mint, upstream.route()] });
    const placeholder = tokenOf((await world.ask("login.example", "GET /mint")).body);
    expect(placeholder).toContain("caisson-minted-");
    await world.ask("login.example", "GET /use", { headers: [`Authorization: Bearer ${placeholder}`] }).catch(() => {});
    expect(heads.filter((head) => head.includes("x-smuggled"))).toEqual([]);
  });
});

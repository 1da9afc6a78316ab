import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { postToEndpoint } from "../../../src/host/credential/kept/post-to-endpoint.ts";
import { readKept } from "../../../src/host/credential/kept/read-kept.ts";
import { loginEntry } from "../../../src/host/credential/login/login-entry.ts";
import { type OauthEndpoint, startOauthEndpoint } from "../../kit/oauth-endpoint.ts";
import { createKeptWorld } from "./kept-kit.ts";

type World = ReturnType<typeof createKeptWorld>;

/** Keeps a login that expires in so many seconds; an hour's one is due in its last five minutes. */
async function keepLogin(world: World, endpoint: OauthEndpoint, leftSeconds: number): Promise<string> {
  const { access, refresh } = endpoint.mint();
  const now = Date.now();
  const way = { tokenUrl: `${endpoint.url}/v1/oauth/token`, clientId: "client-1", encoding: "json" } as const;
  const given = { name: "a-login", provider: "claude-code", refresh: way, now: now - (3600 - leftSeconds) * 1000 };
  const expiresAt = now + leftSeconds * 1000;
  await world.open().write(loginEntry(given, { accessToken: access, refreshToken: refresh, expiresAt }));
  return access;
}

const read = (world: World, now = Date.now) => readKept({ now, post: postToEndpoint }, world.open(), "a-login");

/** A keeper's read, in a process of its own. */
function readElsewhere(world: World) {
  const program = join(import.meta.dirname, "one-reader.ts");
  const child = spawn(process.execPath, [program, world.home], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (text += String(bytes)));
  const ended = new Promise<string>((resolve) => child.once("close", () => resolve(text)));
  return { child, ended };
}

describe("a kept login", () => {
  it("is given as it is while it is good, and renewed when it is due", async () => {
    using world = createKeptWorld();
    await using endpoint = await startOauthEndpoint();
    const first = await keepLogin(world, endpoint, 3000);
    expect(await read(world)).toMatchObject({ value: first });
    expect(endpoint.refreshes).toHaveLength(0);
    await keepLogin(world, endpoint, 200);
    const renewed = await read(world);
    expect(renewed).toMatchObject({ value: endpoint.current });
    expect(renewed.value).not.toBe(first);
    expect(renewed.refreshAt).toBeGreaterThan(Date.now() + 3_000_000);
    expect(endpoint.refreshes).toMatchObject([{ type: "application/json", fields: { client_id: "client-1" } }]);
    // The rotated one is what is used the next time.
    const later = () => Date.now() + 3_500_000;
    expect(await read(world, later)).toMatchObject({ value: endpoint.current });
    expect(endpoint.refreshes).toHaveLength(2);
    for (const token of endpoint.given) expect(world.text()).not.toContain(token);
  });

  it("is renewed once for twenty processes that ask at the same moment, of a provider that ends a login at reuse", async () => {
    using world = createKeptWorld();
    await using endpoint = await startOauthEndpoint();
    await keepLogin(world, endpoint, 100);
    const readers = Array.from({ length: 20 }, () => readElsewhere(world));
    const texts = await Promise.all(readers.map(({ ended }) => ended));
    expect(endpoint.refreshes).toHaveLength(1);
    expect(new Set(texts)).toEqual(new Set([endpoint.current]));
  });

  it("outlives whoever was renewing it: the next one goes on", async () => {
    using world = createKeptWorld();
    const asked = Promise.withResolvers<void>();
    // The first is never answered: its asker dies first.
    const answers = new Promise<undefined>(() => {});
    await using endpoint = await startOauthEndpoint({
      onRefresh: (count) => {
        asked.resolve();
        return count === 1 ? answers : undefined;
      },
    });
    await keepLogin(world, endpoint, 100);
    const dying = readElsewhere(world);
    await asked.promise;
    dying.child.kill("SIGKILL");
    await dying.ended;
    expect(await read(world)).toMatchObject({ value: endpoint.current });
    expect(endpoint.refreshes).toHaveLength(2);
  });

  it("says that an answer was lost, where the provider had spent the old token before its asker died", async () => {
    using world = createKeptWorld();
    const asked = Promise.withResolvers<void>();
    await using endpoint = await startOauthEndpoint({
      onRefresh: (count) => {
        if (count === 1) {
          // Spent, and the answer never arrives.
          endpoint.mint();
          asked.resolve();
          return new Promise<undefined>(() => {});
        }
        return undefined;
      },
    });
    const old = await keepLogin(world, endpoint, 100);
    const dying = readElsewhere(world);
    await asked.promise;
    dying.child.kill("SIGKILL");
    await dying.ended;
    // The old access token still serves; nobody hammers the provider; the person is told what to do.
    const left = await read(world);
    expect(left).toMatchObject({ value: old, hint: "caisson login claude-code" });
    expect(left.problem).toContain("a renewal was cut off at");
    await read(world);
    expect(endpoint.refreshes).toHaveLength(2);
    await expect(read(world, () => Date.now() + 200_000)).rejects.toMatchObject({
      code: "login_unrefreshed",
      hint: "caisson login claude-code",
    });
  });

  it("is tried again half a minute after a failure that may pass, and serves until it expires", async () => {
    using world = createKeptWorld();
    await using endpoint = await startOauthEndpoint({
      onRefresh: async (count) =>
        count === 1 ? { status: 503, json: { error: "temporarily_unavailable" } } : undefined,
    });
    const old = await keepLogin(world, endpoint, 100);
    const failed = await read(world);
    expect(failed).toMatchObject({ value: old, hint: "caisson login claude-code" });
    expect(failed.problem).toContain("503 temporarily_unavailable");
    expect(await read(world)).toMatchObject({ value: old });
    expect(endpoint.refreshes).toHaveLength(1);
    const renewed = await read(world, () => Date.now() + 31_000);
    expect(renewed).toMatchObject({ value: endpoint.current });
    expect(renewed.problem).toBeUndefined();
  });

  it("speaks to no provider without TLS, but on this machine", async () => {
    await expect(postToEndpoint("http://192.0.2.1/token", { secret: "s" }, { encoding: "form" })).rejects.toThrow(
      "192.0.2.1 is not spoken to without TLS",
    );
  });
});

import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type AgentWorld, createAgentWorld } from "../kit/agent-world.ts";
import type { TestCli } from "../kit/cli.ts";
import { type OauthEndpoint, startOauthEndpoint } from "../kit/oauth-endpoint.ts";
import type { TestEngine } from "../kit/test-engine.ts";
import { startUpstream } from "../kit/upstream.ts";

const turns = [
  {
    text: "Looking.",
    tools: [
      { use: "shell" as const, command: "cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; cat ~/.codex/*.toml; true" },
    ],
  },
  { text: "Done." },
];

/** A manifest that puts the scripted provider in the place of a vendor's sign-in. */
function loginManifest(cli: TestCli, provider: string, oauth: OauthEndpoint): readonly string[] {
  const file = join(cli.home, `login-${provider}.yaml`);
  writeFileSync(file, `providers:\n  ${provider}: { upstream: "${oauth.url}" }\n`);
  return ["--manifest", file];
}

/** Runs the agent and says what its model was asked with. */
async function runAgent({ cli, endpoint, manifest }: AgentWorld, agent: string, more: readonly string[] = []) {
  const result = await cli.run(["run", "--json", "--manifest", manifest, ...more, agent, "look"]);
  expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  return {
    text: `${result.stdout}${result.stderr}`,
    asked: endpoint.received.filter(({ method }) => method === "POST").map(({ headers }) => headers),
  };
}

/** Nothing of a login is in what a run left, showed, or was configured with. */
function expectNowhere(oauth: OauthEndpoint, { cli }: AgentWorld, text: string): void {
  expect(oauth.given.length).toBeGreaterThan(0);
  const left = execFileSync("grep", ["-rah", "", cli.stateRoot, cli.configDir], {
    encoding: "utf8",
    maxBuffer: 256 * 1024 ** 2,
  });
  for (const token of oauth.given) expect(`${left}${text}`).not.toContain(token);
}

/** Who signs in where, and what of it gets inside, on any engine. */
export const describeLogins = (engine: TestEngine) =>
  describe(`logins, ${engine.name}`, () => {
    it("must-have 2, 25: caisson login claude-code takes a pasted code; the agent works with a placeholder", async () => {
      await using world = await createAgentWorld({ turns }, engine);
      await using oauth = await startOauthEndpoint();
      const { cli } = world;
      const signing = cli.start(["login", "claude-code", ...loginManifest(cli, "claude-code", oauth)]);
      const address = await signing.seen(/http\S+oauth\/authorize\S+/);
      expect(address).toContain("code_challenge_method=S256");
      signing.stdin.end(`${oauth.authorize(address)}\n`);
      const signed = await signing.ended;
      expect(signed.stdout).toContain("signed in to claude-code as ada@example.test");
      const access = oauth.current;
      const { text, asked } = await runAgent(world, "claude-code");
      expect(asked.map(({ authorization }) => authorization)).toEqual(asked.map(() => `Bearer ${access}`));
      expect(text).toMatch(/CLAUDE_CODE_OAUTH_TOKEN=sk-ant-oat01-\w+-caisson-placeholder/);
      expectNowhere(oauth, world, text + signed.stdout + signed.stderr);
      const doctor = await cli.run(["doctor", "--json"]);
      expect(doctor.json<{ rows: { name: string }[] }>().rows).toContainEqual(
        expect.objectContaining({
          name: "credentials",
          state: "ready",
          detail: expect.stringContaining("kept: claude-code-token"),
        }),
      );
      const shown = await cli.run(["run", "--dir", cli.configDir, "--", "true"]);
      expect(shown).toMatchObject({ exitCode: 5 });
      expect(shown.stderr).toContain("your kept credentials lie in it");
      const status = await cli.run(["login", "--status", "--json"]);
      expect(status.jsonLines()[0]).toMatchObject({
        provider: "claude-code",
        state: expect.stringMatching(/^signed in · token good for 5\d min$/),
      });
      expect(await cli.run(["logout", "claude-code"])).toMatchObject({ exitCode: 0 });
      const out = await cli.run(["run", "claude-code", "hi"]);
      expect(out.stderr).toContain("hint: caisson login claude-code");
    });

    it("must-have 2, 25: caisson login codex polls its device code; the agent works with a placeholder", async () => {
      await using world = await createAgentWorld({ turns }, engine);
      await using oauth = await startOauthEndpoint({ pendingPolls: 1 });
      const { cli } = world;
      const signed = await cli.run(["login", "codex", ...loginManifest(cli, "codex", oauth)]);
      expect(signed.stdout).toContain("code  ABCD-EFGH");
      expect(signed.exitCode).toBe(0);
      const access = oauth.current;
      const { text, asked } = await runAgent(world, "codex");
      expect(asked.length).toBeGreaterThan(0);
      for (const headers of asked)
        expect(headers).toMatchObject({ authorization: `Bearer ${access}`, "chatgpt-account-id": "account-1" });
      expect(text).toMatch(/CODEX_CHATGPT_TOKEN=chatgpt-\w+-caisson-placeholder/);
      expectNowhere(oauth, world, text);
    });

    it("must-have 2, 25: caisson login copilot polls GitHub's device code; the agent works with a placeholder", async () => {
      await using world = await createAgentWorld({ turns }, engine);
      await using oauth = await startOauthEndpoint({ pendingPolls: 1 });
      const { cli } = world;
      const signed = await cli.run(["login", "copilot", ...loginManifest(cli, "copilot", oauth)]);
      expect(signed.stdout).toContain("code  WXYZ-1234");
      const { text, asked } = await runAgent(world, "copilot", ["--model", "gpt-5.4"]);
      expect(asked.map(({ authorization }) => authorization)).toContain("Bearer gho_ofthescriptedgithub0123456789");
      expectNowhere(oauth, world, text);
    });

    it("a CLI that signs in by itself, inside, is refused, and both are told what to type outside", async () => {
      await using cli = engine.createCli();
      const script =
        "curl -sS -d client_id=x https://auth.openai.com/api/accounts/deviceauth/usercode; curl -sS -d a=b https://github.com/login/device/code; curl -sS -d a=b https://platform.claude.com/v1/oauth/token";
      const { stdout } = await cli.run(["run", "--json", "--", "sh", "-c", script]);
      const events = stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { event: string; hint?: string });
      const hints = events.flatMap(({ event, hint }) => (event === "request_refused" ? [hint] : []));
      expect(hints).toEqual(["caisson login codex", "caisson login copilot", "caisson login claude-code"]);
      for (const hint of hints) expect(stdout).toContain(`ask the person to run: ${hint}`);
    });

    it("takes over the login that a CLI has on this machine, and says what that means", async () => {
      await using world = await createAgentWorld({ turns }, engine);
      await using oauth = await startOauthEndpoint();
      const { cli } = world;
      const none = await cli.run(["login", "claude-code", "--from-host"]);
      expect(none).toMatchObject({ exitCode: 4 });
      expect(none.stderr).toContain(join(cli.home, ".claude/.credentials.json"));
      const { access, refresh } = oauth.mint();
      mkdirSync(join(cli.home, ".claude"));
      const claudeAiOauth = {
        accessToken: access,
        refreshToken: refresh,
        expiresAt: Date.now() + 3_600_000,
        scopes: [],
      };
      writeFileSync(join(cli.home, ".claude/.credentials.json"), JSON.stringify({ claudeAiOauth }));
      const taken = await cli.run(["login", "claude-code", "--from-host"]);
      expect(taken.stdout).toContain("signed in to claude-code");
      expect(taken.stderr).toContain("Caisson renews it from now on");
      const { asked } = await runAgent(world, "claude-code");
      expect(asked[0]?.authorization).toBe(`Bearer ${access}`);
    });

    it("refuses a code of another attempt, and a provider that says no, without repeating what it said", async () => {
      await using cli = engine.createCli();
      await using oauth = await startOauthEndpoint();
      const flags = loginManifest(cli, "claude-code", oauth);
      const other = await cli.run(["login", "claude-code", ...flags], { input: "code-1#another-state\n" });
      expect(other).toMatchObject({ exitCode: 4 });
      expect(other.stderr).toContain("the code is of another attempt");
      const wrong = await cli.run(["login", "claude-code", ...flags], { input: "not-a-code\n" });
      expect(wrong.stderr).toContain("the token endpoint answered 400 invalid_grant");
      expect((await cli.run(["credentials", "ls"])).stdout).toBe("");
    });

    it("renews a login once for all sandboxes that run; each gets the new token, and a stream goes on", async () => {
      await using cli = engine.createCli();
      await using oauth = await startOauthEndpoint({ lifeSeconds: 24 });
      const held: { end(): void }[] = [];
      await using upstream = await startUpstream((request, response) => {
        if (!request.url?.endsWith("/stream")) return void response.end("ok");
        response.write("begun\n");
        held.push({ end: () => response.end("whole\n") });
      }, engine.place);
      const signing = cli.start(["login", "claude-code", ...loginManifest(cli, "claude-code", oauth)]);
      signing.stdin.end(`${oauth.authorize(await signing.seen(/http\S+oauth\/authorize\S+/))}\n`);
      expect(await signing.ended).toMatchObject({ exitCode: 0 });
      const first = oauth.current;
      writeFileSync(join(cli.home, "ca.pem"), upstream.ca);
      const manifest = join(cli.home, "run.yaml");
      writeFileSync(
        manifest,
        `credentials:\n  service: { kept: claude-code-token }\nroutes:\n  - host: api.service.example\n    credential: { name: service, inject: [{ as: bearer }] }\n    upstream: ${upstream.origin}\n    extraCaFile: ca.pem\n    allowAddresses: [${upstream.cidr}]\n`,
      );
      const url = "https://api.service.example";
      const script = `curl -sSN ${url}/stream > stream.txt & until [ -e done ]; do curl -fsS ${url}/poll >/dev/null || exit 1; sleep 0.3; done; wait; cat stream.txt`;
      const runs = [1, 2, 3].map((n) => {
        const dir = join(cli.workspace, `w${n}`);
        mkdirSync(dir);
        // Whoever works in the workspace owns it.
        const { uid, gid } = statSync(cli.workspace);
        chownSync(dir, uid, gid);
        return { dir, run: cli.start(["run", "--manifest", manifest, "--dir", dir, "--", "sh", "-c", script]) };
      });
      const seen = () => new Set(upstream.received.map(({ headers }) => headers.authorization));
      await expect.poll(() => held.length, { timeout: 60_000 }).toBe(3);
      await expect.poll(() => seen().size, { timeout: 60_000, interval: 200 }).toBeGreaterThanOrEqual(2);
      const renewals = oauth.refreshes.length;
      const before = upstream.received.length;
      await expect.poll(() => upstream.received.length, { timeout: 60_000 }).toBeGreaterThan(before + 9);
      for (const { end } of held) end();
      for (const { dir } of runs) writeFileSync(join(dir, "done"), "");
      for (const { run } of runs) {
        const { exitCode, stdout } = await run.ended;
        expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "begun\nwhole\n" });
      }
      expect(renewals).toBeGreaterThanOrEqual(1);
      // One renewal for each token that was seen after the first, however many sandboxes there were.
      const spent = oauth.refreshes.map(({ fields }) => fields.refresh_token);
      expect(new Set(spent).size).toBe(spent.length);
      // Where a run had begun by then it was the first one that came, and never again after another.
      expect([...seen()].indexOf(`Bearer ${first}`)).toBeLessThanOrEqual(0);
      for (const value of seen()) expect(oauth.given.map((token) => `Bearer ${token}`)).toContain(value);
      // Had one come a second time, the provider would have ended the login: each was answered with a new token.
      expect(oauth.given.filter((token) => token.startsWith("refresh-secret-"))).toHaveLength(spent.length + 1);
    });

    it("tells in an event, with the command to type, that a login could not be renewed", async () => {
      await using cli = engine.createCli();
      await using oauth = await startOauthEndpoint({
        lifeSeconds: 20,
        onRefresh: async () => ({ status: 400, json: { error: "invalid_grant" } }),
      });
      const signing = cli.start(["login", "claude-code", ...loginManifest(cli, "claude-code", oauth)]);
      signing.stdin.end(`${oauth.authorize(await signing.seen(/http\S+oauth\/authorize\S+/))}\n`);
      await signing.ended;
      const manifest = join(cli.home, "run.yaml");
      writeFileSync(
        manifest,
        `credentials:\n  service: { kept: claude-code-token }\nroutes:\n  - { host: api.service.example, credential: { name: service, inject: [{ as: bearer }] } }\n`,
      );
      const running = cli.start([
        "run",
        "--json",
        "--manifest",
        manifest,
        "--",
        "sh",
        "-c",
        "until [ -e done ]; do sleep 0.2; done",
      ]);
      await running.seen(/"event":"credential_failed".*\n/);
      writeFileSync(join(cli.workspace, "done"), "");
      const { exitCode, ...result } = await running.ended;
      expect(exitCode).toBe(0);
      expect(result.jsonLines<{ event: string }>().filter(({ event }) => event === "credential_failed")).toEqual([
        expect.objectContaining({
          credential: "service",
          message: "Cannot renew the login of claude-code: the token endpoint answered 400 invalid_grant",
          hint: "caisson login claude-code",
        }),
      ]);
    });
  });

import { describe, expect, it } from "vitest";
import { Route } from "../spec/policy.ts";
import { chooseCredentials } from "./choose-credentials.ts";
import type { Provider, ProviderRequest } from "./provider.ts";
import { contributionOf } from "./provider-contribution.ts";
import { providers } from "./providers.ts";

const named = (name: string): Provider => {
  const provider = providers[name];
  if (!provider) throw new Error(`no provider ${name}`);
  return provider;
};
const set = (...variables: string[]) => ({
  isSet: (name: string) => variables.includes(name),
  isKept: (_name: string) => false,
  manifest: {},
});
const message = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    const { message: text, hint } = error as { message: string; hint: string };
    return [text, hint];
  }
  return "no failure";
};
const request: ProviderRequest = {
  prompt: "-p mend it",
  interactive: false,
  home: "/home/agent",
  workdir: "/w",
  binary: "/opt/cli",
  signedInWith: [],
  skills: [],
};

describe("chooseCredentials()", () => {
  const claude = named("claude-code");

  it("takes the credential that is there", () => {
    expect(chooseCredentials(claude, set("CLAUDE_CODE_OAUTH_TOKEN")).map(({ name }) => name)).toEqual([
      "claude-code-token",
    ]);
    expect(chooseCredentials(named("pi"), set("ANTHROPIC_API_KEY", "OPENAI_API_KEY"))).toHaveLength(2);
    expect(chooseCredentials(named("command"), set())).toEqual([]);
  });

  it("says what it looked for when there is none", () => {
    expect(message(() => chooseCredentials(claude, set()))).toEqual([
      "Cannot start claude-code: no credential found (looked for ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN, manifest, kept credentials)",
      "caisson login claude-code, or: export ANTHROPIC_API_KEY=…    or try it with no key: npm run demo",
    ]);
  });

  it("refuses a key and a token at once, with the reason", () => {
    expect(message(() => chooseCredentials(claude, set("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN")))).toEqual([
      "Cannot start claude-code: ANTHROPIC_API_KEY and CLAUDE_CODE_OAUTH_TOKEN are both set, and it would sign in with only one of them, unseen",
      "unset CLAUDE_CODE_OAUTH_TOKEN    (or the other one)",
    ]);
  });

  it("reads a credential from where the manifest says", () => {
    const source = { command: ["pass", "anthropic"] };
    const [chosen] = chooseCredentials(claude, { ...set(), manifest: { "anthropic-api-key": source } });
    expect(chosen).toMatchObject({ name: "anthropic-api-key", source });
  });

  it("signs in with what is kept where nothing else is given", () => {
    const keeping = (...names: readonly string[]) => ({ ...set(), isKept: (name: string) => names.includes(name) });
    expect(chooseCredentials(claude, keeping("claude-code-token"))).toMatchObject([
      { name: "claude-code-token", source: { kept: "claude-code-token" } },
    ]);
    const both = { ...keeping("claude-code-token"), isSet: (name: string) => name === "ANTHROPIC_API_KEY" };
    expect(chooseCredentials(claude, both)).toMatchObject([{ source: { env: "ANTHROPIC_API_KEY" } }]);
    expect(message(() => chooseCredentials(claude, keeping("claude-code-token", "anthropic-api-key")))).toEqual([
      "Cannot start claude-code: anthropic-api-key and claude-code-token are both kept, and it would sign in with only one of them, unseen",
      "caisson credentials rm claude-code-token    (or the other one)",
    ]);
  });

  it("needs none for a replay, and takes the one that was recorded", () => {
    expect(chooseCredentials(claude, { ...set(), replayOf: ["claude-code-token"] })).toMatchObject([
      { name: "claude-code-token" },
    ]);
    expect(chooseCredentials(claude, { ...set(), replayOf: [] })).toMatchObject([{ name: "anthropic-api-key" }]);
  });
});

describe("a provider's plan", () => {
  it("hands a prompt over by standard input, so that no process list shows it", () => {
    for (const name of ["claude-code", "pi", "codex", "copilot", "opencode"]) {
      const plan = named(name).plan({ ...request, instructions: "Be brief.", model: "m" });
      expect(plan.input).toBe("Be brief.\n\n-p mend it");
      expect(plan.argv.join(" ")).not.toContain("mend it");
      expect(plan.argv.join(" ")).toContain("--model m");
    }
  });

  it("puts a terminal's first prompt last, after --", () => {
    const plan = named("claude-code").plan({ ...request, interactive: true });
    expect(plan.argv.slice(-2)).toEqual(["--", "-p mend it"]);
    expect(plan.input).toBeUndefined();
    expect(message(() => named("pi").plan({ ...request, interactive: true, prompt: "x".repeat(200_000) }))).toContain(
      "Cannot start pi on a terminal: a first prompt of 200000 bytes does not fit on its command line",
    );
  });

  it("fails when there is neither a terminal nor a prompt", () => {
    const { prompt: _, ...without } = request;
    expect(message(() => named("claude-code").plan(without))).toContain('caisson run claude-code "what it is to do"');
  });

  it("answers the CLI's first questions in its private home, and puts skills there", () => {
    const skills = [{ name: "review", files: [{ path: "SKILL.md", text: "# Review" }] }];
    const { files } = named("claude-code").plan({ ...request, skills });
    const config = JSON.parse(files.find(({ path }) => path === "/home/agent/.claude.json")?.text ?? "{}");
    expect(config.projects["/w"].hasTrustDialogAccepted).toBe(true);
    const placeholder = named("claude-code").credentials[0]?.placeholder("0".repeat(32)) ?? "";
    expect(config.customApiKeyResponses.approved).toEqual([placeholder.slice(-20)]);
    expect(files.map(({ path }) => path)).toContain("/home/agent/.claude/skills/review/SKILL.md");
    expect(
      named("pi")
        .plan({ ...request, skills })
        .files.map(({ path }) => path),
    ).toContain("/home/agent/.pi/agent/skills/review/SKILL.md");
  });

  it("tells a terminal's instructions by a file of the private home, where the CLI has no option for them", () => {
    const told = { ...request, interactive: true, instructions: 'Be "brief".' };
    const filesOf = (name: string) =>
      new Map(
        named(name)
          .plan(told)
          .files.map(({ path, text }) => [path, text]),
      );
    expect(filesOf("codex").get("/home/agent/.codex/config.toml")).toContain(
      'developer_instructions = "Be \\"brief\\"."\n',
    );
    expect(filesOf("copilot").get("/home/agent/.copilot/copilot-instructions.md")).toBe('Be "brief".\n');
    const config = JSON.parse(filesOf("opencode").get("/home/agent/.config/opencode/opencode.json") ?? "{}");
    expect(config.instructions).toContain("/home/agent/.config/opencode/instructions.md");
    expect(named("copilot").plan(told).argv).toContain("--interactive=-p mend it");
    expect(named("opencode").plan(told).argv).toContain("--prompt=-p mend it");
  });

  it("writes nothing but into the private home", () => {
    for (const { name, plan } of Object.values(providers).filter(({ name }) => name !== "acp")) {
      const { files } = plan({ ...request, argv: ["x"], instructions: "Be brief." });
      for (const { path } of files) expect([name, path]).toEqual([name, expect.stringMatching(/^\/home\/agent\//)]);
    }
  });

  it("asks for a model where a key of one's own has no default", () => {
    const copilot = named("copilot");
    const own = { ...request, signedInWith: ["copilot-provider-key"] };
    expect(message(() => copilot.plan(own))).toContain(
      "Cannot start copilot: with a model key of your own it has no default model",
    );
    const wire = (model: string) => copilot.plan({ ...own, model }).environment.COPILOT_PROVIDER_WIRE_API;
    expect([wire("gpt-5.4"), wire("gpt-4.1"), wire("o3"), wire("qwen3")]).toEqual([
      "responses",
      "completions",
      "responses",
      "completions",
    ]);
  });

  it("runs a command as it was given", () => {
    expect(named("command").plan({ ...request, argv: ["npm", "test"] }).argv).toEqual(["npm", "test"]);
  });
});

describe("contributionOf()", () => {
  it("brings routes of the credentials that were chosen, well-formed", () => {
    const pi = named("pi");
    const both = contributionOf(pi, chooseCredentials(pi, set("ANTHROPIC_API_KEY", "OPENAI_API_KEY")));
    expect(both.routes.map(({ name }) => name)).toEqual(["anthropic", "anthropic-models", "openai", "openai-models"]);
    for (const provider of Object.values(providers)) {
      for (const { routes, credentials } of [undefined, ...provider.credentials].map((one) =>
        contributionOf(provider, one ? [one] : []),
      )) {
        for (const route of routes) expect(Route.parse(route)).toEqual(route);
        expect(routes.every(({ credential }) => credential?.name === credentials[0]?.name)).toBe(true);
      }
    }
  });

  it("signs in with a key by header and with a token by bearer", () => {
    const claude = named("claude-code");
    const injectOf = (variable: string) =>
      contributionOf(claude, chooseCredentials(claude, set(variable))).routes[0]?.credential?.inject;
    expect(injectOf("ANTHROPIC_API_KEY")).toEqual([{ as: "header", name: "x-api-key" }]);
    expect(injectOf("CLAUDE_CODE_OAUTH_TOKEN")).toEqual([{ as: "bearer" }]);
  });
});

describe("sessions over the Agent Client Protocol", () => {
  const asking = { ...request, asks: false, model: "gpt-5.4", instructions: "be brief" };
  const sessionOf = (name: string) => {
    const { session } = named(name);
    if (!session) throw new Error(`${name} has no session`);
    return session;
  };

  it("start Copilot with leave for all, or with none where it is to ask", () => {
    const { plan } = sessionOf("copilot");
    const freely = plan({ ...asking, thinking: "off" });
    expect(freely.argv.slice(0, 3)).toEqual(["/opt/cli", "--acp", "--allow-all"]);
    expect(freely.argv).toEqual(expect.arrayContaining(["--model", "gpt-5.4", "--reasoning-effort", "none"]));
    expect(freely.environment.COPILOT_ALLOW_ALL).toBe("true");
    expect(freely.files.map(({ path }) => path)).toContain("/home/agent/.copilot/copilot-instructions.md");
    const asks = plan({ ...asking, asks: true });
    expect(asks.argv).not.toContain("--allow-all");
    expect(asks.environment).not.toHaveProperty("COPILOT_ALLOW_ALL");
  });

  it("find a conversation of Copilot's by its file", () => {
    const id = "9697c7ea-fdb7-4929-a2a9-66d75c914b79";
    const kept = sessionOf("copilot").keptConversations?.([
      `.copilot/session-state/${id}/events.jsonl`,
      `.copilot/session-state/${id}/workspace.yaml`,
      ".copilot/session-state/.session-operation-locks/x.lock",
    ]);
    expect(kept).toEqual([id]);
  });

  it("start opencode with its questions where it is to ask", () => {
    const { plan } = sessionOf("opencode");
    const permission = (asks: boolean) => {
      const { argv, files } = plan({ ...asking, asks });
      expect(argv).toEqual(["/opt/cli", "acp"]);
      return JSON.parse(files.find(({ path }) => path.endsWith("/opencode.json"))?.text ?? "").permission;
    };
    expect(permission(false)).toBe("allow");
    expect(permission(true)).toEqual({ edit: "ask", bash: "ask", webfetch: "ask" });
  });

  it("start any other as the manifest says, and only in a session", () => {
    const { plan } = sessionOf("acp");
    expect(plan({ ...asking, argv: ["gemini", "--experimental-acp"] }).argv).toEqual([
      "/opt/cli",
      "--experimental-acp",
    ]);
    expect(message(() => plan(asking))).toContain("add to the agent: command: [PROGRAM, ARGUMENT...]");
    expect(message(() => named("acp").plan(request))).toContain('caisson run --session AGENT "what it is to do"');
  });
});

describe("sessions of Codex and pi", () => {
  const planOf = (name: string) => {
    const plan = named(name).session?.plan({
      ...request,
      asks: false,
      model: "m",
      instructions: "be brief",
      thinking: "high",
      resume: "01a1",
      argv: ["--more"],
    });
    if (!plan) throw new Error(`${name} has no session`);
    return plan;
  };

  it("start Codex' server, which is told all the rest by its codec", () => {
    const { argv, files } = planOf("codex");
    expect(argv).toEqual(["/opt/cli", "app-server", "--more"]);
    expect(files.map(({ path }) => path)).toEqual(["/home/agent/.codex/config.toml"]);
  });

  it("start pi with all of it, the instructions in a file", () => {
    const { argv, files, environment } = planOf("pi");
    const told = "/home/agent/.pi/agent/instructions.md";
    expect(argv.join(" ")).toBe(
      `/opt/cli --mode rpc --model m --thinking high --session-id 01a1 --append-system-prompt ${told} --more`,
    );
    expect(files.find(({ path }) => path === told)?.text).toBe("be brief");
    expect(environment.PI_OFFLINE).toBe("1");
  });

  it("know their conversations by the files that they keep", () => {
    const kept = (name: string, file: string) => named(name).session?.keptConversations?.(["else.jsonl", file]);
    const id = "01a1feff-1bae-7b82-b421-881f08bd5442";
    expect(kept("codex", `.codex/sessions/2026/11/21/rollout-2026-11-21T16-44-54-${id}.jsonl`)).toEqual([id]);
    expect(kept("pi", `.pi/agent/sessions/--w--/2026-11-21T16-45-49-396Z_${id}.jsonl`)).toEqual([id]);
  });

  it("go on with a conversation on a screen of their own", () => {
    const screen = (name: string) => {
      const asked = { ...request, asks: false, resume: "01a1" };
      return named(name).session?.planScreen?.(asked).argv.join(" ");
    };
    expect(screen("codex")).toBe("/opt/cli resume --no-daemon --dangerously-bypass-approvals-and-sandbox 01a1");
    expect(screen("pi")).toBe("/opt/cli --session-id 01a1");
  });
});

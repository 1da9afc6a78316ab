import { describe, expect, it } from "vitest";
import { loadManifests } from "./load-manifests.ts";
import { resolveAgent } from "./resolve-agent.ts";

const providers = ["claude-code", "pi", "command"];
const home = "/home/me";
async function find(name: string, texts: { readonly workspace?: string; readonly personal?: string }) {
  const files = { "/work/caisson.yaml": texts.workspace, "/home/me/c.yaml": texts.personal };
  const read = (path: string) => files[path as keyof typeof files];
  const { layers } = await loadManifests(read, { workspace: "/work/caisson.yaml", personal: "/home/me/c.yaml", home });
  return resolveAgent(name, { layers, providers, home });
}

describe("resolveAgent()", () => {
  it("takes a provider's name as an agent", async () => {
    expect(await find("pi", {})).toEqual({
      name: "pi",
      provider: "pi",
      sandboxes: [],
      skills: [],
      from: "provider",
      notes: [],
    });
  });

  it("reads provider, model, instructions and skills from a manifest", async () => {
    const personal = "agents: { rev: { provider: pi, model: m, instructions: look, skills: [./s, ~/t, /u] } }";
    expect(await find("rev", { personal })).toMatchObject({
      provider: "pi",
      model: "m",
      instructions: "look",
      skills: [{ dir: "/home/me/s", within: "/home/me/s" }, { dir: "/home/me/t" }, { dir: "/u" }],
      from: "/home/me/c.yaml:1",
    });
  });

  it("lets a workspace bring an agent, whose skills may not leave the workspace", async () => {
    const workspace = "agents: { helper: { provider: pi, skills: [../../home/me/.ssh] } }";
    expect((await find("helper", { workspace })).skills).toEqual([{ dir: "/home/me/.ssh", within: "/work" }]);
  });

  it("lets no workspace change what a provider's name or the person's own agent means", async () => {
    const workspace = "agents: { pi: { provider: command, command: [evil] }, mine: { provider: command } }";
    expect(await find("pi", { workspace })).toMatchObject({ provider: "pi", notes: [{ code: "agent_ignored" }] });
    const personal = "agents: { mine: { provider: pi } }";
    expect(await find("mine", { workspace, personal })).toMatchObject({
      provider: "pi",
      notes: [{ code: "agent_ignored" }],
    });
  });

  it("fails on an unknown agent, an unknown provider and a broken agent, and only on that one", async () => {
    const personal =
      "agents: { good: { provider: pi }, bad: { provider: pi, modle: x }, odd: { provider: claude-coed } }";
    await expect(find("goood", { personal })).rejects.toThrow('Cannot find agent "goood" (did you mean "good"?)');
    await expect(find("odd", { personal })).rejects.toThrow('no provider "claude-coed" (did you mean "claude-code"?)');
    await expect(find("bad", { personal })).rejects.toThrow('unknown key "modle" (did you mean "model"?)');
    expect(await find("good", { personal })).toMatchObject({ provider: "pi" });
  });
});

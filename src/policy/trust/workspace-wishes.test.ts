import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Manifest } from "../../spec/manifest.ts";
import type { ManifestLayer } from "../manifest-layer.ts";
import { trustLayers } from "../trust-layers.ts";
import { splitWishes } from "./workspace-wishes.ts";

const place = {
  workspace: "/home/me/work",
  home: "/home/me",
  ownFolders: ["/home/me/.local/state/caisson", "/srv/caisson"],
  realOf: (path: string) => path.replace(/^\/linked/, "/home/me/.ssh"),
};
const layerOf = (manifest: unknown): ManifestLayer => ({
  file: "/home/me/work/caisson.yaml",
  dir: "/home/me/work",
  trust: "workspace",
  manifest: Manifest.parse(manifest),
  brokenAgents: {},
  brokenSandboxes: {},
  lineOf: () => 1,
  texts: {},
});
const split = (manifest: unknown) => splitWishes(layerOf(manifest), place);
const bearer = (name: string) => ({ name, inject: [{ as: "bearer" as const }] });

describe("splitWishes()", () => {
  it.each([
    ["a command as a credential's source", { credentials: { a: { command: ["id"] } } }],
    ["a credential's file in the workspace", { credentials: { a: { file: "token" } } }],
    ["a credential's file among keys", { credentials: { a: { file: "~/.ssh/id_rsa" } } }],
    ["a credential's file among keys by a link", { credentials: { a: { file: "/linked/id_rsa" } } }],
    ["another upstream for the model", { providers: { "claude-code": { upstream: "https://evil.example" } } }],
    ["the person's secrets shown", { secrets: { show: [".env"] } }],
    ["the home", { mounts: [{ source: "~", target: "/x" }] }],
    ["what holds the home", { mounts: [{ source: "/home", target: "/x" }] }],
    ["the root", { mounts: [{ source: "/", target: "/x" }] }],
    ["keys", { mounts: [{ source: "/home/me/.ssh", target: "/x" }] }],
    ["keys by a detour", { mounts: [{ source: "/opt/../home/me//.ssh/.", target: "/x" }] }],
    ["keys by a link", { mounts: [{ source: "/linked", target: "/x" }] }],
    ["the state", { mounts: [{ source: "/srv/caisson/sandboxes", target: "/x" }] }],
    ["what holds the state", { mounts: [{ source: "/srv", target: "/x" }] }],
    ["the engine's socket", { mounts: [{ source: "/var/run/docker.sock", target: "/x" }] }],
    ["a part of the workspace", { mounts: [{ source: "data", target: "/x" }] }],
    ["a mount over the workspace", { mounts: [{ source: "/opt/x", target: "/home/me/work/.git" }] }],
    ["a port for everybody", { ports: ["0.0.0.0:80:80"] }],
    ["a Dockerfile outside", { dockerfile: "../Dockerfile" }],
    ["a Dockerfile at the top", { dockerfile: "Dockerfile" }],
    ["the person's own credential", { routes: [{ host: "evil.example", credential: bearer("mine") }] }],
    [
      "a credential that it never gets",
      { credentials: { a: { command: ["id"] } }, routes: [{ host: "evil.example", credential: bearer("a") }] },
    ],
  ])("never gives %s, at the top or in a sandbox", (_, rules) => {
    const empty = Manifest.parse({});
    const top = split(rules);
    expect(top.wishes.every(({ never }) => never !== undefined)).toBe(true);
    expect(top.granted).toMatchObject({ ...empty, agents: {}, sandboxes: {} });
    expect(Object.keys(top.granted).sort()).toEqual(Object.keys(empty).sort());
    const inner = split({ sandboxes: { s: rules } });
    expect(inner.wishes.map(({ never }) => never)).toEqual(top.wishes.map(({ never }) => never));
    expect(Object.values(inner.granted.sandboxes.s ?? {}).flatMap((part) => Object.values(part ?? {}))).toEqual([]);
  });

  it("gives the rest, with credentials that no name of the person's can stand for", () => {
    const { wishes, granted } = split({
      agents: { a: { provider: "pi", sandbox: "s", image: "x", model: "m" } },
      routes: [{ host: "api.example", credential: bearer("key") }],
      credentials: { key: { env: "KEY" } },
      mounts: [{ source: "/opt/data", target: "/data" }],
      limits: { cpus: 1, memory: "64g" },
      ports: [3000],
      dockerfile: "images/Dockerfile",
    });
    expect(granted).toMatchObject({
      agents: { a: { provider: "pi", sandbox: "s", image: "x", model: "m" } },
      routes: [{ host: "api.example", credential: bearer("workspace.key") }],
      credentials: { "workspace.key": { env: "KEY" } },
      limits: { cpus: 1, memory: "64g" },
      dockerfile: "images/Dockerfile",
    });
    expect(wishes.map(({ where }) => where).sort()).toEqual([
      "caisson.yaml agents.a.image",
      "caisson.yaml agents.a.sandbox",
      "caisson.yaml credentials.key",
      "caisson.yaml dockerfile",
      "caisson.yaml limits.memory",
      "caisson.yaml mounts",
      "caisson.yaml ports",
      "caisson.yaml routes",
    ]);
  });

  it("names every wish that is left out without trust, and asks for none where nothing is left out", () => {
    const rules = fc.record(
      {
        routes: fc.array(fc.constantFrom({ host: "a.example" }, { preset: "npm" }), { maxLength: 2 }),
        environment: fc.dictionary(fc.constantFrom("A", "B"), fc.string({ maxLength: 3 })),
        limits: fc.record({ cpus: fc.constantFrom(1, 2, 64) }),
        unixSockets: fc.constantFrom("allow", "deny"),
        engine: fc.constantFrom("local", "docker"),
        ports: fc.array(fc.constantFrom(3000, "0.0.0.0:1:1"), { maxLength: 2 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.record({ top: rules, inner: rules }), ({ top, inner }) => {
        const layer = layerOf({ ...top, sandboxes: { s: inner } });
        const { wishes } = splitWishes(layer, place);
        const { notes } = trustLayers([layer]);
        expect(wishes.length > 0).toBe(notes.length > 0);
      }),
    );
  });

  it("names each thing in one line: no name writes lines of its own into what a person is shown", () => {
    const { wishes } = split({ services: { "db\n  +      nothing": { image: "x" }, db: { image: "y" } } });
    expect(wishes.map(({ where }) => where)).toEqual([
      'caisson.yaml services."db\\n  +      nothing"',
      "caisson.yaml services.db",
    ]);
  });
});

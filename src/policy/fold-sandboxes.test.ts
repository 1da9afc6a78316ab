import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldSandboxes } from "./fold-sandboxes.ts";
import { loadManifests } from "./load-manifests.ts";
import { resolveGitUser } from "./resolve-git-user.ts";
import { resolvePolicy } from "./resolve-policy.ts";
import { trustLayers } from "./trust-layers.ts";

interface Written {
  readonly workspace?: string;
  readonly personal?: string;
  readonly given?: string;
  readonly entries?: Readonly<Record<string, string>>;
}

async function fold(written: Written, ...names: string[]) {
  const paths = { workspace: "/work/caisson.yaml", personal: "/home/me/c.yaml", given: "/home/me/given.yaml" };
  const texts: Record<string, string | undefined> = { ...written.entries };
  for (const which of ["workspace", "personal", "given"] as const) texts[paths[which]] = written[which];
  const read = await loadManifests((path) => texts[path], {
    workspace: paths.workspace,
    personal: paths.personal,
    ...(written.given !== undefined && { given: paths.given }),
    entries: Object.keys(written.entries ?? {}).map((file) => ({
      file,
      part: file.endsWith(".md") ? ("agents" as const) : ("sandboxes" as const),
      trust: file.startsWith("/work") ? ("workspace" as const) : ("own" as const),
      dir: "/home/me",
    })),
    home: "/home/me",
  });
  const trusted = trustLayers(read.layers);
  const layers = foldSandboxes(
    trusted.layers,
    names.map((name) => ({ name, from: "--sandbox" })),
  );
  const resolved = resolvePolicy({
    layers,
    clients: { notes: [] },
    flags: { allow: [], env: [], publish: [], limits: {} },
    hostEnvironment: {},
    home: "/home/me",
    unique: () => "0".repeat(32),
  });
  return { ...resolved, git: resolveGitUser(layers), layers, trust: trusted.notes };
}

const routesOf = async (written: Written, ...names: string[]) =>
  (await fold(written, ...names)).policy.routes.map(({ name }) => name);

describe("foldSandboxes()", () => {
  it("must-have 19: several parents are folded left to right, the child wins, and each value names its place", async () => {
    const personal = `
environment: { A: top, T: top }
git: { user: { name: Top, email: top@acme.example } }
sandboxes:
  base: { limits: { memory: 1g, cpus: 1 }, environment: { A: base, B: base }, routes: [{ host: base.example }] }
  left: { extends: base, limits: { memory: 2g }, environment: { B: left, C: left }, git: { user: { name: Left } } }
  right: { extends: base, limits: { memory: 3g }, environment: { C: right }, mounts: [{ source: /data, target: /data }] }
  web:
    extends: [left, right]
    environment: { D: web }
    routes: [{ host: web.example }]`;
    const { policy, sources, git } = await fold({ personal }, "web");
    expect(policy.environment).toEqual({ A: "base", B: "left", C: "right", D: "web", T: "top" });
    expect(policy.limits).toMatchObject({ memoryBytes: 3 * 1024 ** 3, cpus: 1 });
    expect(policy.routes.map(({ host }) => host)).toEqual(["web.example", "base.example"]);
    expect(policy.mounts).toMatchObject([{ target: "/data" }]);
    expect(git.user).toEqual({ name: "Left", email: "top@acme.example" });
    expect(sources).toMatchObject({
      "environment.A": "/home/me/c.yaml:5, sandbox base < left < web",
      "environment.T": "/home/me/c.yaml:2",
      "limits.memory": "/home/me/c.yaml:7, sandbox right < web",
      "route.web.example": "/home/me/c.yaml:11, sandbox web",
    });
    expect(git.sources).toEqual({
      "git.user.name": "/home/me/c.yaml:6, sandbox left < web",
      "git.user.email": "/home/me/c.yaml:3",
    });
  });

  it("counts a sandbox once, weaker than all that extend it, however often it is named", async () => {
    const personal = `sandboxes:
  base: { limits: { cpus: 1 }, routes: [{ host: base.example }], mounts: [{ source: /a, target: /a }] }
  big: { extends: base, limits: { cpus: 8 } }
  calm: { extends: base }`;
    const { policy } = await fold({ personal }, "big", "calm", "base");
    expect(policy.limits.cpus).toBe(8);
    expect(policy.routes).toHaveLength(1);
  });

  it("joins routes, and replaces one by another of the same name", async () => {
    const personal = `sandboxes:
  base: { routes: [{ host: a.example, name: docs }, { host: b.example }] }
  next: { extends: base, routes: [{ host: c.example, name: docs }, { host: b.example, paths: [/x] }] }`;
    const { policy } = await fold({ personal }, "next");
    expect(policy.routes.map(({ host, name }) => `${name} ${host}`)).toEqual([
      "docs c.example",
      "b.example b.example",
      "b.example-2 b.example",
    ]);
  });

  it("clears with an explicit empty list or map what is weaker, the top-level rules included, and nothing by leaving out", async () => {
    const personal = `
routes: [{ host: top.example }]
environment: { TOP: "1" }
sandboxes:
  base: { routes: [{ host: base.example }], ports: [3000], limits: { cpus: 1 } }
  none: { extends: base, routes: [], environment: {} }
  more: { extends: none, routes: [{ host: more.example }] }`;
    expect(await routesOf({ personal }, "base")).toEqual(["base.example", "top.example"]);
    const { policy } = await fold({ personal }, "none");
    expect(policy).toMatchObject({ routes: [], environment: {}, ports: [{ port: 3000 }], limits: { cpus: 1 } });
    expect(await routesOf({ personal }, "more")).toEqual(["more.example"]);
    // The empty parts of a commented template clear nothing: they stand at the top.
    expect(await routesOf({ personal: "routes: [{ host: top.example }]", given: "routes: []" })).toEqual([
      "top.example",
    ]);
  });

  it("must-have 17: a cycle, a missing parent and a broken one fail with file and line, and only what uses them", async () => {
    const personal = `sandboxes:
  good: { limits: { cpus: 1 } }
  a: { extends: b }
  b:
    extends: [good, a]
  lost: { extends: [good, goood] }
  bad: { limits: { cpu: 1 } }
  heir: { extends: bad }`;
    await expect(fold({ personal }, "a")).rejects.toThrow(
      "Cannot use sandbox (/home/me/c.yaml:5, sandbox b extends it): it extends itself: a > b > a",
    );
    await expect(fold({ personal }, "lost")).rejects.toThrow(
      'Cannot use sandbox "goood" (/home/me/c.yaml:6, sandbox lost extends it): there is none of this name (did you mean "good"?)',
    );
    await expect(fold({ personal }, "heir")).rejects.toThrow(
      '/home/me/c.yaml:7:20: unknown key "cpu" (did you mean "cpus"?)',
    );
    expect((await fold({ personal }, "good")).policy.limits.cpus).toBe(1);
  });

  it("takes the person's own sandbox of a name over a workspace's, and of a workspace's nothing that is not trusted", async () => {
    const workspace = `
sandboxes:
  base: { limits: { cpus: 1 }, routes: [{ host: evil.example }] }
  theirs: { extends: mine, limits: { memory: 1g, cpus: 64 }, routes: [{ host: evil.example }], environment: {} }
agents: { helper: { provider: pi, sandbox: mine } }`;
    const personal = `
environment: { KEEP: "1" }
sandboxes: { base: { limits: { cpus: 3 } }, mine: { routes: [{ host: internal.example }] } }`;
    expect((await fold({ workspace, personal }, "base")).policy).toMatchObject({ routes: [], limits: { cpus: 3 } });
    const { policy, trust } = await fold({ workspace, personal }, "theirs");
    expect(policy).toMatchObject({
      routes: [],
      limits: { cpus: 2, memoryBytes: 1024 ** 3 },
      environment: { KEEP: "1" },
    });
    expect(trust[0]?.text).toContain(
      "the sandboxes of agents helper; sandbox base (routes evil.example); sandbox theirs (parents mine, routes evil.example, limits above the default cpus)",
    );
  });

  it("reads a sandbox from its own file, which breaks alone", async () => {
    const entries = {
      "/home/me/sandboxes/web.yaml": "extends: base\nenvironment: { WEB: '1' }\n",
      "/home/me/sandboxes/Bad.yaml": "{}",
      "/home/me/sandboxes/odd.yaml": "limits:\n  cpu: 1\n",
    };
    const written = { personal: "sandboxes: { base: { limits: { cpus: 1 } } }", entries };
    const { policy, sources } = await fold(written, "web");
    expect(policy).toMatchObject({ environment: { WEB: "1" }, limits: { cpus: 1 } });
    expect(sources).toMatchObject({
      "environment.WEB": "/home/me/sandboxes/web.yaml:2, sandbox web",
      "limits.cpus": "/home/me/c.yaml:1, sandbox base < web",
    });
    await expect(fold(written, "odd")).rejects.toThrow('/home/me/sandboxes/odd.yaml:2:3: unknown key "cpu"');
    await expect(fold(written, "Bad")).rejects.toThrow('/home/me/sandboxes/Bad.yaml:1:1: bad name "Bad"');
  });
});

describe("the fold of any sandboxes", () => {
  const keys = ["A", "B", "C"] as const;
  const rules = fc.record(
    {
      routes: fc.array(
        fc.record({ host: fc.constantFrom("a.example", "b.example"), name: fc.constantFrom("x", "y", "z") }),
        { maxLength: 2 },
      ),
      environment: fc.dictionary(fc.constantFrom(...keys), fc.constantFrom("1", "2", "3")),
      limits: fc.record({ cpus: fc.integer({ min: 1, max: 4 }) }, { requiredKeys: [] }),
      ports: fc.uniqueArray(fc.integer({ min: 3000, max: 3002 }), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
  const three = fc.record({ a: rules, b: rules, c: rules });
  const result = async (sandboxes: object, ...names: string[]) => {
    const { policy } = await fold({ personal: JSON.stringify({ sandboxes }) }, ...names);
    return policy;
  };

  it("is associative: it makes no difference which of them are first put together under a name", async () => {
    await fc.assert(
      fc.asyncProperty(three, async (sandboxes) => {
        const all = await result(sandboxes, "a", "b", "c");
        const more = { ...sandboxes, ab: { extends: ["a", "b"] }, bc: { extends: ["b", "c"] } };
        expect(await result(more, "ab", "c")).toEqual(all);
        expect(await result(more, "a", "bc")).toEqual(all);
        expect(await result(more, "ab", "bc")).toEqual(all);
      }),
      { numRuns: 40 },
    );
  });

  it("lets the later win each value, and a clear done twice is a clear", async () => {
    await fc.assert(
      fc.asyncProperty(three, async (sandboxes) => {
        const { a, b } = sandboxes;
        const both = await result(sandboxes, "a", "b");
        const cleared = b.environment !== undefined && Object.keys(b.environment).length === 0;
        expect(both.environment).toEqual({ ...(cleared ? {} : a.environment), ...b.environment });
        const clear = { routes: [], environment: {}, ports: [], limits: {} };
        const once = await result({ ...sandboxes, clear }, "a", "clear");
        expect(await result({ ...sandboxes, clear, again: clear }, "a", "clear", "b", "again")).toEqual(once);
        expect(once).toEqual(await result({ none: {} }, "none"));
      }),
      { numRuns: 40 },
    );
  });
});

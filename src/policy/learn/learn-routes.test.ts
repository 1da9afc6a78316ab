import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Manifest } from "../../spec/manifest.ts";
import { compileRoutes } from "../match/compile-routes.ts";
import { parseManifest } from "../parse-manifest.ts";
import { makeRoute } from "../presets/preset.ts";
import { hostRoute } from "../resolve-routes.ts";
import { addRoutes } from "./add-routes.ts";
import { changedLines } from "./changed-lines.ts";
import { learnRoutes, passes, type SeenRequest } from "./learn-routes.ts";

const refused = (request: Partial<SeenRequest>): SeenRequest => ({
  verdict: "refuse",
  rule: "no-route",
  method: "GET",
  scheme: "https",
  host: "api.example",
  port: 443,
  path: "/",
  ...request,
});
const learn = (seen: readonly SeenRequest[]) => learnRoutes(seen, { presets: [] });
const pathsOf = (paths: readonly string[], method = "GET") =>
  learn(paths.map((path) => refused({ path, method }))).routes.flatMap((route) => route.paths);

const anyRequest: fc.Arbitrary<SeenRequest> = fc.record({
  verdict: fc.constantFrom("allow", "refuse", "refuse", "refuse", "alarm", "redact"),
  rule: fc.constantFrom(
    "no-route",
    "no-route",
    "no-route-path",
    "no-route-method",
    "no-route-header",
    "no-route-spent",
    "address",
    "ip-literal",
    "malformed",
    "placeholder",
    "git-push",
    "upstream",
  ),
  method: fc.constantFrom("GET", "POST", "CONNECT", "get"),
  scheme: fc.constantFrom("https", "http", "-"),
  host: fc.constantFrom("a.example", "b.example", "*.example", "10.0.0.1", "localhost", "-", "x.localhost"),
  port: fc.constantFrom(443, 80, 8443),
  path: fc
    .array(
      fc.oneof(
        fc.constantFrom("a", "b", "*", "**", "", "1", "2", "%2F", "..", "é", "x y", "%41"),
        fc.stringMatching(/^[a-z0-9%*.;]{0,3}$/),
      ),
      { maxLength: 5 },
    )
    .map((names) => `/${names.join("/")}`),
});

describe("learnRoutes()", () => {
  it("lets everything that it learned pass, nothing that was refused for another reason, and names the rest", () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 30 }), (seen) => {
        const { routes, learned, left } = learn(seen);
        const compiled = compileRoutes(routes);
        const sighted = new Set(
          seen.filter((r) => r.verdict === "alarm" || r.rule === "placeholder").map((r) => r.host),
        );
        for (const request of learned) expect(passes(compiled, request)).toBe(true);
        for (const request of seen) {
          const isOther = request.verdict === "refuse" && !/^no-route(-(scheme|port|path|method))?$/.test(request.rule);
          if (isOther || request.verdict === "alarm") expect(passes(compiled, request)).toBe(false);
          if (request.verdict === "refuse" && /^no-route(-(scheme|port|path|method))?$/.test(request.rule))
            expect([...learned, ...left.map((each) => each.request)]).toContainEqual(
              expect.objectContaining({ host: request.host, path: request.path, method: request.method }),
            );
        }
        for (const { host } of routes) {
          expect(host).toMatch(/^[ab]\.example$/);
          expect(sighted.has(host)).toBe(false);
        }
      }),
      { numRuns: 400 },
    );
  });

  it("what it writes into a manifest means the same, and leaves the rest of it as it was", () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 20 }), (seen) => {
        const { routes, learned } = learn(seen);
        const old = "# mine\nroutes:\n  - host: old.example   # keep\nlimits: { cpus: 1 } # and this\n";
        const text = addRoutes(old, { file: "m", comment: "learned", routes, presets: [] });
        for (const part of ["# mine", "host: old.example", "# keep", "# and this"]) expect(text).toContain(part);
        const { manifest } = parseManifest(text, "m");
        const layer = {
          file: "m",
          dir: "/",
          trust: "own",
          manifest: Manifest.parse({}),
          brokenAgents: {},
          brokenSandboxes: {},
          lineOf: () => 1,
          texts: {},
        } as const;
        const written = compileRoutes(
          manifest.routes.flatMap((route) => ("host" in route ? [hostRoute(layer, route)] : [])),
        );
        for (const request of learned) expect(passes(written, request)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("few paths stay as they are; many become a pattern, or the folder that they share", () => {
    expect(pathsOf(["/a/1", "/b"])).toEqual([{ exact: "/a/1" }, { exact: "/b" }]);
    expect(pathsOf(["/users/1/posts", "/users/2/posts", "/users/3/posts", "/users/4/posts"])).toEqual([
      { pattern: "/users/*/posts" },
    ]);
    expect(pathsOf(["/v1/a/x", "/v1/b", "/v1/c/y/z", "/v1/d"])).toEqual([{ prefix: "/v1" }]);
    expect(pathsOf(["/v1/a", "/v1/b", "/v2/a", "/health"])).toEqual([
      { exact: "/health" },
      { pattern: "/v1/*" },
      { exact: "/v2/a" },
    ]);
    expect(pathsOf(Array.from({ length: 30 }, (_, n) => `/p${n}`))).toEqual([]);
  });

  it("methods stay with their paths, ports and plain HTTP with their host", () => {
    const { routes } = learn([
      refused({ path: "/a" }),
      refused({ path: "/b", method: "POST" }),
      refused({ host: "b.example", scheme: "http", port: 8080 }),
    ]);
    expect(routes.map(({ host, methods, ports, scheme }) => ({ host, methods, ports, scheme }))).toEqual([
      { host: "api.example", methods: ["GET"], ports: [443], scheme: "https" },
      { host: "api.example", methods: ["POST"], ports: [443], scheme: "https" },
      { host: "b.example", methods: ["GET"], ports: [8080], scheme: "http" },
    ]);
  });

  it("a preset stands for the host that it covers, unless it lets something else pass", () => {
    const preset = { name: "npm", routes: [makeRoute({ name: "npm", host: "r.example", methods: ["GET"] })] };
    const seen = [
      refused({ host: "r.example", path: "/a" }),
      refused({ host: "r.example", path: "/b" }),
      refused({ path: "/c" }),
    ];
    expect(learnRoutes(seen, { presets: [preset] })).toMatchObject({
      presets: ["npm"],
      routes: [{ host: "api.example" }],
    });
    const withOther = [...seen, refused({ host: "r.example", path: "/x", rule: "address" })];
    expect(learnRoutes(withOther, { presets: [preset] }).presets).toEqual([]);
  });

  it("makes a manifest where there is none, and shows what changes", () => {
    const { routes } = learn([refused({ path: "/a" })]);
    const text = addRoutes("", { file: "m", comment: "learned", routes, presets: ["npm"] });
    expect(parseManifest(text, "m").manifest.routes).toEqual([
      { preset: "npm" },
      { host: "api.example", methods: ["GET"], paths: [{ exact: "/a" }] },
    ]);
    expect(changedLines("a\nb\nc\n", "a\nx\nb\nc\n")).toEqual(["@@ line 2 @@", " a", "+x", " b", " c"]);
    expect(changedLines("a\n", "a\n")).toEqual([]);
  });
});

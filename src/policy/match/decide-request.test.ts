import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Route } from "../../spec/policy.ts";
import { compileRoutes } from "./compile-routes.ts";
import { decideRequest, type RequestFacts } from "./decide-request.ts";
import { explainRequest } from "./explain-request.ts";

const route = (fields: object) => Route.parse({ name: "r", host: "a.example", ...fields });
const decide = (routes: readonly Route[], facts: Partial<RequestFacts> & { header?: Record<string, string> } = {}) =>
  decideRequest(
    compileRoutes(routes),
    {
      scheme: "https",
      host: "a.example",
      port: 443,
      method: "GET",
      readings: ["/"],
      headerValues: (name) => (facts.header?.[name] === undefined ? [] : [facts.header[name]]),
      ...facts,
    },
    () => false,
  );
const ruleOf = (...given: Parameters<typeof decide>) => {
  const verdict = decide(...given);
  return verdict.allow ? verdict.route.route.name : verdict.rule;
};

describe("decideRequest()", () => {
  it("refuses everything without a route", () => expect(ruleOf([])).toBe("no-route"));

  it("matches a host exactly, or below a suffix and never the suffix itself", () => {
    const suffix = [route({ host: "*.b.example" })];
    expect(ruleOf(suffix, { host: "x.b.example" })).toBe("r");
    expect(ruleOf(suffix, { host: "x.y.b.example" })).toBe("r");
    expect(ruleOf(suffix, { host: "b.example" })).toBe("no-route");
    expect(ruleOf(suffix, { host: "evilb.example" })).toBe("no-route");
    expect(ruleOf([route({})], { host: "x.a.example" })).toBe("no-route");
  });

  it("names the nearest miss", () => {
    const only = [route({ paths: [{ prefix: "/v1" }], methods: ["GET"], headers: [{ name: "X-A", value: "1" }] })];
    expect(ruleOf(only, { scheme: "http" })).toBe("no-route-scheme");
    expect(ruleOf(only, { port: 444 })).toBe("no-route-port");
    expect(ruleOf(only)).toBe("no-route-path");
    expect(ruleOf(only, { readings: ["/v1"], method: "POST" })).toBe("no-route-method");
    expect(ruleOf(only, { readings: ["/v1"] })).toBe("no-route-header");
    expect(ruleOf(only, { readings: ["/v1"], header: { "x-a": "1" } })).toBe("r");
  });

  it("lets the first route that matches decide", () => {
    const both = [route({ name: "narrow", paths: [{ exact: "/x" }] }), route({ name: "wide" })];
    expect(ruleOf(both, { readings: ["/x"] })).toBe("narrow");
    expect(ruleOf(both, { readings: ["/y"] })).toBe("wide");
  });

  it("refuses a header that names another method or path, where the route limits them", () => {
    const limited = [route({ paths: [{ prefix: "/v1" }], methods: ["GET"] })];
    expect(ruleOf(limited, { readings: ["/v1"] })).toBe("r");
    expect(ruleOf(limited, { readings: ["/v1"], header: { "x-http-method-override": "DELETE" } })).toBe("malformed");
    expect(ruleOf(limited, { readings: ["/v1"], header: { "x-original-url": "/v2" } })).toBe("malformed");
    expect(ruleOf([route({})], { header: { "x-http-method-override": "PATCH", "x-original-url": "/v2" } })).toBe("r");
  });

  it.each([
    [{ exact: "/a" }, ["/a"], ["/a/", "/a/b", "/ab", "/"]],
    [{ prefix: "/a" }, ["/a", "/a/", "/a/b"], ["/ab", "/", "/b/a"]],
    [{ prefix: "/a/" }, ["/a/", "/a/b"], ["/a", "/ab"]],
    [{ prefix: "/" }, ["/", "/a"], []],
    [{ pattern: "/a/*/c" }, ["/a/b/c"], ["/a/c", "/a//c", "/a/b/b/c", "/a/b/c/"]],
    [{ pattern: "/a/**" }, ["/a", "/a/", "/a/b/c"], ["/ab"]],
    [{ pattern: "/**/c" }, ["/c", "/a/c", "/a/b/c"], ["/a", "/c/a"]],
    [{ pattern: "/a/v*.tgz" }, ["/a/v1.tgz", "/a/v.tgz"], ["/a/1.tgz", "/a/v1/x.tgz"]],
    [{ exact: "/a b" }, ["/a b"], ["/a"]],
  ])("takes the path rule %j", (rule, yes, no) => {
    for (const path of yes) expect(ruleOf([route({ paths: [rule] })], { readings: [path] })).toBe("r");
    for (const path of no) expect(ruleOf([route({ paths: [rule] })], { readings: [path] })).toBe("no-route-path");
  });

  it("refuses a path of which only one reading is allowed", () => {
    const readings = ["/@scope%2Fname", "/@scope/name"];
    expect(ruleOf([route({ paths: [{ prefix: "/@scope" }] })], { readings })).toBe("malformed");
    expect(ruleOf([route({ paths: [{ prefix: "/" }] })], { readings })).toBe("r");
    expect(ruleOf([route({})], { readings })).toBe("r");
  });

  it("never allows what no route covers, and walks any pattern in bounded time", () => {
    const segment = fc.constantFrom("*", "**", "a", "b", "a*", "*a*b*", "");
    const rule = fc.array(segment, { maxLength: 12 }).map((parts) => ({ pattern: `/${parts.join("/")}` }));
    const path = fc.array(fc.constantFrom("a", "b", "ab", "aab", ""), { maxLength: 40 }).map((p) => `/${p.join("/")}`);
    fc.assert(
      fc.property(rule, path, (pattern, reading) => {
        const expected = regexOf(pattern.pattern).test(reading);
        expect(ruleOf([route({ paths: [pattern] })], { readings: [reading] }) === "r").toBe(expected);
      }),
    );
    expect(
      ruleOf([route({ paths: [{ pattern: `/${"**/a/".repeat(20)}z` }] })], { readings: [`/${"a/".repeat(2_000)}y`] }),
    ).toBe("no-route-path");
  });
});

// The rule once more, as a regular expression of small patterns only.
function regexOf(pattern: string): RegExp {
  const source = pattern
    .split("/")
    .slice(1)
    .map((part) => {
      if (part === "**") return "(?:/[^/]*)*";
      return part === "*" ? "/[^/]+" : `/${part.replaceAll("*", "[^/]*")}`;
    })
    .join("");
  return new RegExp(`^${source}$`);
}

describe("explainRequest()", () => {
  const routes = [
    route({ name: "api", paths: [{ prefix: "/v1" }], credential: { name: "key", inject: [{ as: "bearer" }] } }),
    route({ name: "other", host: "b.example" }),
  ];

  it("tells the route that allows, and how each was taken", () => {
    expect(explainRequest(routes, { method: "get", url: "https://A.example/v1/x?y" })).toEqual({
      allow: true,
      rule: "api",
      reason: "route api allows it and injects key",
      tried: [
        { route: "api", outcome: "match" },
        { route: "other", outcome: "host" },
      ],
    });
  });

  it("tells why not", () => {
    expect(explainRequest(routes, { method: "GET", url: "https://a.example" })).toMatchObject({
      allow: false,
      rule: "no-route-path",
    });
    expect(explainRequest(routes, { method: "GET", url: "https://10.0.0.1/" })).toMatchObject({ rule: "ip-literal" });
    expect(explainRequest(routes, { method: "GET", url: "ftp://a.example/" })).toMatchObject({ rule: "malformed" });
  });

  it("never throws, whatever the URL", () => {
    fc.assert(
      fc.property(fc.oneof(fc.webUrl(), fc.string()), (url) => {
        expect(explainRequest(routes, { method: "GET", url }).rule).toBeTypeOf("string");
      }),
      { numRuns: 40 },
    );
  });
});

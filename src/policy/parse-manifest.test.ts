import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Failure } from "../base/failure.ts";
import { parseManifest } from "./parse-manifest.ts";

const messageOf = (text: string): string => {
  try {
    parseManifest(text, "caisson.yaml");
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
  return "taken";
};

describe("parseManifest()", () => {
  it("takes the commented example whole", () => {
    const file = resolve(import.meta.dirname, "../../examples/caisson.yaml");
    const { manifest, brokenAgents } = parseManifest(readFileSync(file, "utf8"), file);
    expect(brokenAgents).toEqual({});
    expect(manifest.routes.length).toBeGreaterThan(2);
    expect(Object.keys(manifest.agents)).not.toEqual([]);
  });

  it("takes an empty file, and JSON", () => {
    expect(parseManifest("# nothing yet\n", "a").manifest.routes).toEqual([]);
    expect(parseManifest('{"routes": [{"preset": "npm"}]}', "a").manifest.routes).toEqual([{ preset: "npm" }]);
  });

  it.each([
    ["routs: []", '1:1: unknown key "routs" (did you mean "routes"?)'],
    ["routes:\n  - host: a.example\n    metods: [GET]", '3:5: unknown key "metods" (did you mean "methods"?)'],
    [
      "routes:\n  - host: a.example\n    credential: { name: x, inject: [{ as: bearer, usr: y }] }",
      'unknown key "usr"',
    ],
    ["toString: 1", '1:1: unknown key "toString"'],
    ["limits: { cpu: 2 }", '1:11: unknown key "cpu" (did you mean "cpus"?)'],
    ["credentials:\n  gh: { evn: X }", '2:9: unknown key "evn" (did you mean "env"?)'],
    ["routes:\n  - host: 10.0.0.1", "2:5: an IP address cannot be a route's host"],
    ["routes:\n  - host: '*.com'", "a whole top-level domain is too wide"],
    ["routes:\n  - preset: npm\n    host: x.example", "unknown key"],
    ["credentials:\n  Bad_Name!: { env: X }", '2:3: bad name "Bad_Name!"'],
    ["routes: 5", "1:1: "],
    ["- a\n- b", "1:1: "],
    ["a: [1", "1:"],
    ["limits: {}\nlimits: {}", "2:1: "],
    ["routes: *nowhere", "Unresolved alias"],
    ["a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]", "alias"],
    ["mounts:\n  - source: /a", "(at mounts.0.target)"],
  ])("says file, line and what was likely meant: %j", (text, part) => {
    expect(messageOf(text)).toContain("Cannot read manifest: caisson.yaml:");
    expect(messageOf(text)).toContain(part);
  });

  it("lets a wrong agent break itself alone", () => {
    const text = "agents:\n  good: { provider: pi }\n  bad:\n    provider: pi\n    instrucions: hi\n";
    const { manifest, brokenAgents } = parseManifest(text, "caisson.yaml");
    expect(Object.keys(manifest.agents)).toEqual(["good"]);
    expect(brokenAgents.bad?.message).toBe(
      'Cannot read manifest: caisson.yaml:5:5: unknown key "instrucions" (did you mean "instructions"?)',
    );
  });

  it("knows the line of a value, through aliases too", () => {
    const text = "limits:\n  cpus: 1\nroutes:\n  - &a { host: a.example }\n  - host: b.example\n  - *a\n";
    const { lineOf } = parseManifest(text, "caisson.yaml");
    expect([lineOf(["limits", "cpus"]), lineOf(["routes", 1]), lineOf(["nowhere"])]).toEqual([2, 5, 1]);
    expect(lineOf(["routes", 2, "host"])).toBe(4);
  });

  it("reads or fails with a place for any text, never otherwise", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.stringMatching(/^[a-z\-:[\]{}&*!|> \n]{0,40}$/)), (text) => {
        const message = messageOf(text);
        expect(message === "taken" || /^Cannot read manifest: caisson\.yaml:\d+:\d+: /.test(message)).toBe(true);
      }),
    );
  });
});

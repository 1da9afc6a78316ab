import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Failure } from "../base/failure.ts";
import { Route } from "../spec/policy.ts";
import { parseAllow } from "./parse-allow.ts";

const failureOf = (text: string): Failure => {
  try {
    parseAllow(text);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error(`${text} was taken`);
};

describe("parseAllow()", () => {
  it("reads host, port and path", () => {
    expect(parseAllow("Docs.Acme.example:8443/api/v2")).toMatchObject({
      name: "docs.acme.example",
      host: "docs.acme.example",
      ports: [8443],
      scheme: "https",
      paths: [{ prefix: "/api/v2" }],
      once: false,
    });
    expect(parseAllow("*.acme.example/a/**", { once: true })).toMatchObject({
      name: "any.acme.example",
      host: "*.acme.example",
      paths: [{ pattern: "/a/**" }],
      once: true,
    });
    expect(parseAllow("_")).toMatchObject({ name: "host", host: "_" });
    expect(parseAllow("acme.example:80")).toMatchObject({ scheme: "http", ports: [80], paths: [] });
  });

  it.each([
    ["https://acme.example/x", "scheme", "--allow acme.example/x"],
    ["http://acme.example/x", "scheme", "--allow acme.example:80/x"],
    ["10.0.0.1", "IP address", ""],
    ["127.1:80", "IP address", ""],
    ["0x7f.0.0.1", "IP address", ""],
    ["2130706433", "IP address", ""],
    ["[::1]:443", "IP address", ""],
    ["::1", "IP address", ""],
    ["*", "too wide", ""],
    ["*.com", "top-level domain", ""],
    ["a.*.example", "wildcard", ""],
    ["*acme.example", "wildcard", ""],
    ["me@acme.example", "user", "--allow acme.example"],
    ["acme.example:0", "port", "--allow acme.example"],
    ["acme.example:65536", "port", "--allow acme.example"],
    ["acme.example:x", "port", "--allow acme.example"],
    ["acme.example/a?b=1", "query", "--allow acme.example/a"],
    ["/a", "host is missing", ""],
    ["", "host is missing", ""],
    ["a b.example", "white space", ""],
    ["bücher.example", "xn--", ""],
    ["localhost:8080", "localhost", ""],
    ["-a.example", "host name", ""],
  ])("refuses %s, saying why", (text, problem, hint) => {
    const failure = failureOf(text);
    expect(failure.message).toContain(problem);
    expect(failure.hint).toContain(hint);
    expect(failure.exit).toBe(2);
  });

  it("gives a valid route or a failure for any text, and never a host that the schema refuses", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webAuthority(), fc.domain(), fc.ipV4(), fc.ipV6()), (text) => {
        try {
          expect(Route.safeParse(parseAllow(text)).success).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      }),
    );
  });

  it("never takes what a URL parser reads as an address", () => {
    const number = fc.oneof(
      fc.nat(0xffff_ffff).map(String),
      fc.nat(0xffff_ffff).map((n) => `0x${n.toString(16)}`),
    );
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 4 }), (parts) => {
        expect(failureOf(parts.join(".")).message).toContain("IP address");
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAuthority } from "./parse-authority.ts";
import { parseHost } from "./parse-host.ts";

describe("parseHost()", () => {
  it.each(["example.com", "a_b.example", "xn--bcher-kva.example", "localhost", "1.example", "3com.example"])(
    "takes %s",
    (text) => expect(parseHost(text)).toEqual({ host: text }),
  );

  it("gives the name in lower case", () => expect(parseHost("API.Example")).toEqual({ host: "api.example" }));

  it.each([
    "127.0.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "1.2.3.0x",
    "[::1]",
    "::1",
    "fe80::1%eth0",
    "[fe80::1%25eth0]",
    "::ffff:127.0.0.1",
    "a.example.123",
  ])("takes %s for an address", (text) => expect(parseHost(text)).toMatchObject({ rule: "ip-literal" }));

  it.each([
    "",
    "example.com.",
    "a..example",
    "-a.example",
    "a-.example",
    "a b",
    "a/b",
    "a@b",
    "a%2eexample",
    "bücher.example",
  ])("refuses %j", (text) => expect(parseHost(text)).toMatchObject({ rule: "malformed" }));

  it("gives nothing but names that mean one thing, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.domain()), (text) => {
        const parsed = parseHost(text);
        if (!("host" in parsed)) return;
        expect(parsed.host).toMatch(/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/);
        // What WHATWG makes of the name is the same name: no client and no server reads another one.
        expect(new URL(`http://${parsed.host}/`).hostname).toBe(parsed.host);
      }),
    );
  });
});

describe("parseAuthority()", () => {
  it("reads host and port", () => {
    expect(parseAuthority("a.example:8443")).toEqual({ host: "a.example", port: 8443 });
    expect(parseAuthority("a.example", 443)).toEqual({ host: "a.example", port: 443 });
  });

  it.each([
    "a.example",
    "a.example:",
    "a.example:0",
    "a.example:65536",
    "a.example:+1",
    "a.example:080",
    "u@a.example:1",
    "a.example:1:2",
  ])("refuses %s", (text) => expect(parseAuthority(text)).toHaveProperty("rule"));

  it("never throws and never invents a port", () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }), (text, port) => {
        const parsed = parseAuthority(text, port);
        if ("port" in parsed && !text.includes(":")) expect(parsed.port).toBe(port);
      }),
    );
  });
});

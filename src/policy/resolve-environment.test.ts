import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reservedVariableReason } from "./reserved-variable.ts";
import { parseEnvironmentFlags, resolveEnvironment } from "./resolve-environment.ts";

const nothingKnown = { host: {}, answers: {}, placeholders: {}, credentialVariables: [], services: [] };
const fromFlags = (flags: readonly string[], known: Partial<Parameters<typeof resolveEnvironment>[1]> = {}) =>
  resolveEnvironment([parseEnvironmentFlags(flags)], { ...nothingKnown, ...known });

describe("resolveEnvironment()", () => {
  it("takes literal, host and asked values, the strongest layer winning", () => {
    const layers = [
      { from: "a.yaml", variables: { CI: "0", REGION: { host: "HERE" }, TEAM: { ask: "Which team?" } } },
      parseEnvironmentFlags(["CI=1", "EMPTY=", "URL=a=b"]),
    ];
    const known = { ...nothingKnown, host: { HERE: "eu" }, answers: { TEAM: "blue" } };
    const { environment, sources } = resolveEnvironment(layers, known);
    expect(environment).toEqual({ CI: "1", REGION: "eu", TEAM: "blue", EMPTY: "", URL: "a=b" });
    expect(sources).toMatchObject({ "environment.CI": "--env", "environment.REGION": "a.yaml" });
  });

  it("fails before launch on a host variable that is not set, and on a question without an answer", () => {
    expect(() => fromFlags(["NOT_HERE"])).toThrow("Cannot set variable NOT_HERE (--env): NOT_HERE is not set here");
    expect(() => resolveEnvironment([{ from: "a.yaml", variables: { X: { ask: "?" } } }], nothingKnown)).toThrow(
      "there is no terminal to ask on",
    );
  });

  it.each([
    "HTTP_PROXY",
    "https_proxy",
    "NO_PROXY",
    "ALL_PROXY",
    "npm_config_https_proxy",
    "npm_config_cafile",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "NODE_OPTIONS",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "CODEX_CA_CERTIFICATE",
    "DENO_CERT_CA",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "BASH_ENV",
    "HOME",
    "PATH",
    "CAISSON_SLUG",
  ])("refuses %s, which is the sandbox's own", (name) => {
    expect(() => fromFlags([`${name}=x`])).toThrow(`Cannot set variable ${name} (--env): `);
  });

  it.each(["CI", "CARGO_HOME", "LOCALE", "SCALE", "CACHE_DIR", "NODE_ENV", "PYTHONPATH", "MAX_TOKENS", "FORCE_COLOR"])(
    "lets %s through",
    (name) => {
      expect(reservedVariableReason(name)).toBeUndefined();
    },
  );

  it("refuses a variable that holds a placeholder", () => {
    expect(() => fromFlags(["API_KEY=x"], { placeholders: { API_KEY: "acme" } })).toThrow(
      'it holds the placeholder of credential "acme"',
    );
  });

  it("refuses a value that is a credential's or has the shape of a secret, and never prints it", () => {
    const secrets = {
      A: `x${"ghp_"}${"a1B2".repeat(9)}`.slice(1),
      B: `sk-ant-${"api03-"}${"q".repeat(40)}`,
      C: `-----BEGIN ${"OPENSSH PRIVATE"} KEY-----`,
      D: "https://me:hunter2@git.acme.example/x",
      E: "prefix-the-real-value-suffix",
    };
    for (const [name, value] of Object.entries(secrets)) {
      const known = { host: { ACME: "the-real-value" }, credentialVariables: ["ACME"] };
      expect(() => fromFlags([`${name}=${value}`], known)).toThrow(/no secret goes into a sandbox/);
      expect(() => fromFlags([`${name}=${value}`], known)).not.toThrow(value);
    }
  });

  it("warns of a name that says secret, and stays silent about ordinary ones", () => {
    expect(fromFlags(["DB_PASSWORD=correct1Horse9battery"]).notes[0]?.text).toContain("DB_PASSWORD");
    expect(fromFlags(["MAX_TOKENS=100000000000", "CI=true"]).notes).toEqual([]);
  });

  it("gives back any literal as it is", () => {
    const value = fc.string().filter((text) => !text.includes("\0") && !text.includes("://"));
    fc.assert(
      fc.property(value, (text) => {
        expect(fromFlags([`V=${text}`]).environment).toEqual({ V: text });
      }),
    );
  });
});

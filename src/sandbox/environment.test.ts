import { describe, expect, it } from "vitest";
import { Limits } from "../spec/policy.ts";
import { sandboxEnvironment } from "./environment.ts";
import { trustFiles, trustPaths } from "./trust-files.ts";

const environment = sandboxEnvironment({
  home: "/home/agent",
  path: ["/opt/tool/bin", "/usr/bin"],
  proxy: { host: "127.0.0.1", port: 3128 },
  limits: Limits.parse({ memoryBytes: 4096 }),
});

describe("sandboxEnvironment()", () => {
  it("names the gate in upper and lower case, and leaves the loopback out", () => {
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"])
      expect(environment[name]).toBe("http://127.0.0.1:3128");
    for (const name of ["NO_PROXY", "no_proxy"]) expect(environment[name]?.split(",")).toContain("127.0.0.1");
    expect(environment.NODE_USE_ENV_PROXY).toBe("1");
  });

  it("names trust files that exist", () => {
    const written = new Set<string>(trustFiles("CA\n", "").map(({ path }) => path));
    const named = Object.values(environment).filter((value) => value.endsWith(".pem"));
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((path) => !written.has(path))).toEqual([]);
  });

  it("gives programs with roots of their own the authority, and those without the whole bundle", () => {
    expect(environment.NODE_EXTRA_CA_CERTS).toBe(trustPaths.authority);
    expect(environment.SSL_CERT_FILE).toBe(trustPaths.bundle);
  });
});

it("sandboxEnvironment() tells Java of gate, trust and memory, which it reads from nowhere else", () => {
  expect(environment.JAVA_TOOL_OPTIONS).toContain("-Dhttps.proxyPort=3128");
  expect(environment.JAVA_TOOL_OPTIONS).toContain(trustPaths.java);
  expect(environment.JAVA_TOOL_OPTIONS).toContain("-XX:MaxRAM=4096");
});

describe("trustFiles()", () => {
  it("appends the authority to the machine's roots, each on lines of its own", () => {
    const [authority, bundle] = trustFiles("CA", "ROOTS");
    expect(authority?.text).toBe("CA\n");
    expect(bundle?.text).toBe("ROOTS\nCA\n");
  });
});

import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GateProcess } from "../../kit/gate-process.ts";
import { GateWorld } from "../../kit/gate-world.ts";
import { makeTestCa } from "../../kit/test-ca.ts";

const run = promisify(execFile);
let folder = "";
let world: GateWorld;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "caisson-gate-"));
  world = new GateWorld();
  const api = await world.upstream("api.example", (request, response) => response.end(`hello ${request.url}`));
  await world.configure({ routes: [api.route()] });
  await writeFile(join(folder, "ca.pem"), world.ca.certificate);
  await writeFile(join(folder, "other.pem"), makeTestCa("Another sandbox's CA").certificate);
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const environment = (ca: string) => {
  const file = join(folder, ca);
  const proxy = `http://127.0.0.1:${world.port}`;
  return {
    PATH: process.env.PATH,
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    NODE_USE_ENV_PROXY: "1",
    NODE_EXTRA_CA_CERTS: file,
    SSL_CERT_FILE: file,
    CURL_CA_BUNDLE: file,
    GIT_SSL_CAINFO: file,
  };
};
const url = "https://api.example/x";
const python = `import urllib.request,ssl
context = ssl.create_default_context()
context.verify_flags |= ssl.VERIFY_X509_STRICT
opener = urllib.request.build_opener(urllib.request.ProxyHandler(), urllib.request.HTTPSHandler(context=context))
print(opener.open("${url}").read().decode())`;
const clients: Readonly<Record<string, readonly string[]>> = {
  curl: ["curl", "-sS", "--fail", url],
  node: [process.execPath, "-e", `fetch("${url}").then((r) => r.text()).then(console.log)`],
  "python, strict": ["python3", "-c", python],
};

describe("must-have 33: each sandbox has a CA of its own, which the clients of the sandbox take", () => {
  it.each(Object.entries(clients))("works for %s", async (_, [command = "", ...args]) => {
    const { stdout } = await run(command, args, { env: environment("ca.pem") });
    expect(stdout.trim()).toBe("hello /x");
  });

  it.each(Object.entries(clients))("is not taken by %s of another sandbox", async (_, [command = "", ...args]) => {
    const seen = world.decisions.length;
    await expect(run(command, args, { env: environment("other.pem") })).rejects.toThrow(/certificate|CERT|issuer/i);
    // Node looks at the certificate only after the handshake, and leaves without a word.
    if (command === process.execPath) return;
    await expect.poll(() => world.decisions.length).toBeGreaterThan(seen);
    expect(world.decisions.at(-1)).toMatchObject({
      verdict: "refuse",
      rule: "tls",
      host: "api.example",
      method: "CONNECT",
    });
  });

  it("works for git", async () => {
    await run("git", ["ls-remote", "https://api.example/r.git"], { env: environment("ca.pem") });
    expect(world.decisions.find(({ path }) => path === "/r.git/info/refs")).toMatchObject({ verdict: "allow" });
  });

  it.each(["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"])(
    "trusts an upstream by the machine's own roots (%s)",
    async (variable) => {
      await using upstream = new GateWorld();
      const api = await upstream.upstream("localhost", (_, response) => response.end("ok"));
      await writeFile(join(folder, "machine.pem"), upstream.upstreamCa.certificate);
      const route = { name: "api", host: "localhost", ports: [api.port], allowAddresses: ["127.0.0.1"] };
      const ask = async (env: NodeJS.ProcessEnv) => {
        await using gate = new GateProcess({ env });
        const { certificate, key } = upstream.ca;
        await gate.configure({ id: upstream.id, routes: [route] }, { ca: { certificate, key } });
        upstream.port = await gate.listener(upstream.id);
        return await upstream.ask("localhost", "GET /", { port: api.port });
      };
      expect(await ask({ [variable]: join(folder, "machine.pem") })).toMatchObject({ status: 200, body: "ok" });
      expect(await ask({ [variable]: join(folder, "other.pem") })).toMatchObject({ status: 502, rule: "upstream" });
    },
  );

  it("shows a short-lived leaf for the host alone, kept from one connection to the next", async () => {
    const leafOf = async (host: string) => {
      const socket = await world.tls(host);
      const leaf = socket.getPeerX509Certificate();
      socket.destroy();
      if (!leaf) throw new Error("no certificate");
      return leaf;
    };
    const leaf = await leafOf("api.example");
    expect(leaf.subjectAltName).toBe("DNS:api.example");
    expect(leaf.ca).toBe(false);
    expect(leaf.verify(new X509Certificate(world.ca.certificate).publicKey)).toBe(true);
    const hours = (leaf.validToDate.getTime() - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(12);
    expect(hours).toBeLessThanOrEqual(24);
    expect((await leafOf("api.example")).fingerprint256).toBe(leaf.fingerprint256);
    expect((await leafOf("other.example")).fingerprint256).not.toBe(leaf.fingerprint256);
  });

  it("passes OpenSSL's strict verification", async () => {
    const socket = await world.tls("api.example");
    await writeFile(join(folder, "leaf.pem"), socket.getPeerX509Certificate()?.toString() ?? "");
    socket.destroy();
    const args = ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "api.example"];
    const { stdout } = await run("openssl", [...args, "-CAfile", join(folder, "ca.pem"), join(folder, "leaf.pem")]);
    expect(stdout).toContain("OK");
  });

  it("takes RSA and Ed25519 authorities too", async () => {
    for (const algorithm of [["rsa:2048"], ["ed25519"]]) {
      const name = join(folder, algorithm[0]?.replace(":", "") ?? "");
      await run("openssl", [
        "req",
        "-x509",
        "-newkey",
        ...algorithm,
        "-nodes",
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.pem`,
        "-subj",
        "/CN=CA",
        "-days",
        "2",
      ]);
      const { readFile } = await import("node:fs/promises");
      await using other = new GateWorld();
      const certificate = await readFile(`${name}.pem`, "utf8");
      await other.configure({}, { ca: { certificate, key: await readFile(`${name}.key`, "utf8") } });
      const socket = await other.tls("api.example", { ca: certificate });
      expect(socket.authorized).toBe(true);
      socket.destroy();
    }
  });
});

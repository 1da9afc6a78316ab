import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trustFiles } from "../../../src/sandbox/trust-files.ts";
import { writePlanFiles } from "../../../src/sandbox/write-plan-files.ts";
import type { RunningProcess } from "../../../src/spec/engine.ts";
import { makeTestCa } from "../../kit/test-ca.ts";
import { launchSandbox, type TestSandbox, testPlan } from "./local-kit.ts";

const server = `
const { cert, key } = JSON.parse(process.env.LEAF);
require("node:https")
  .createServer({ cert, key }, (request, response) => response.end("trusted\\n"))
  .listen(8443, "localhost", () => console.log("listening"));
`;

const java = `
import java.net.URI;
class Get {
  public static void main(String[] args) throws Exception {
    System.out.print(new String(new URI(args[0]).toURL().openStream().readAllBytes()));
  }
}`;

// Each fetches from a server whose certificate only the sandbox's own authority has signed, with no option of its own.
const clients = [
  ["curl", "curl -sS $URL"],
  ["wget", "wget -qO- $URL"],
  ["node", "node -e 'fetch(process.env.URL).then((r) => r.text()).then(console.log)'"],
  [
    "python3",
    "/usr/bin/python3 -c 'import os, urllib.request as u; print(u.urlopen(os.environ[\"URL\"]).read().decode())'",
  ],
  ["git", "git ls-remote $URL 2>&1 | grep -q 'not valid: is this a git' && echo trusted"],
  [
    "openssl",
    "openssl s_client -connect localhost:8443 -verify_return_error </dev/null 2>&1 | grep -q 'return code: 0' && echo trusted",
  ],
  ["javac", `cd && echo '${java}' >Get.java && java Get.java $URL`],
] as const;
const present = clients.filter(([program]) =>
  ["/usr/bin", "/usr/local/bin", "/bin"].some((dir) => existsSync(join(dir, program))),
);

describe("trust", () => {
  let box: TestSandbox;
  let serving: RunningProcess;
  const ca = makeTestCa();

  beforeAll(async () => {
    const environment = { LEAF: JSON.stringify(ca.leaf("localhost")), URL: "https://localhost:8443/" };
    box = await launchSandbox({ plan: { environment } });
    const system = "/etc/ssl/certs/ca-certificates.crt";
    const roots = existsSync(system) ? readFileSync(system, "utf8") : "";
    writePlanFiles({ ...testPlan(box.stateDir), files: trustFiles(ca.certificate, roots) });
    serving = await box.sandbox.exec({ argv: ["node", "-e", server] });
    await new Promise<void>((resolve) => serving.onOutput((_, bytes) => void (String(bytes) && resolve())));
  });
  afterAll(() => box[Symbol.asyncDispose]());

  it.each(present)("of %s includes the sandbox's authority", async (_, script) => {
    const { stdout, stderr } = await box.run(script);
    expect(stdout, stderr).toContain("trusted");
  });

  it("of another sandbox does not", async () => {
    await using other = await launchSandbox();
    writePlanFiles({ ...testPlan(other.stateDir), files: trustFiles(makeTestCa().certificate, "") });
    const leaf = { LEAF: JSON.stringify(ca.leaf("localhost")) };
    const foreign = await other.sandbox.exec({ argv: ["node", "-e", server], environment: leaf });
    await new Promise<void>((resolve) => foreign.onOutput((_, bytes) => void (String(bytes) && resolve())));
    const { stdout, stderr } = await other.run(
      "node -e 'fetch(\"https://localhost:8443/\").catch((e) => console.log(e.cause.code))'",
    );
    expect(stdout, stderr).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED|CERT/);
  });

  it("keeps the machine's own roots, and shows no private key", async () => {
    const { stdout } = await box.run(
      "grep -c BEGIN /run/caisson/trust-bundle.pem; grep -rl 'PRIVATE KEY' /run /etc/ssl",
    );
    const [count, ...keys] = stdout.trim().split("\n");
    expect(Number(count)).toBeGreaterThan(1);
    expect(keys).toEqual([]);
  });
});

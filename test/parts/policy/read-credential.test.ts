import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Failure } from "../../../src/base/failure.ts";
import { readCredential } from "../../../src/host/credential/read-credential.ts";
import { isSameProcess, readBootId, readStartTicks } from "../../../src/host/process-identity.ts";

const secret = "s3cret-value-of-the-test";
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "caisson-credential-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const host = (environment: Record<string, string> = {}) => ({
  environment: { PATH: "/usr/bin:/bin", ...environment },
  home: folder,
});
const command = (script: string) => readCredential(host(), { command: ["/bin/sh", "-c", script] });

describe("readCredential()", () => {
  it("reads a variable, and fails naming it when it is not set", async () => {
    expect(await readCredential(host({ T: secret }), { env: "T" })).toEqual({ value: secret });
    await expect(readCredential(host(), { env: "T" })).rejects.toThrow("variable T is not set here");
  });

  it("reads a file again each time, and warns when others can read it", async () => {
    const file = join(folder, "token");
    writeFileSync(file, `${secret}\n`, { mode: 0o600 });
    expect(await readCredential(host(), { file })).toEqual({ value: secret });
    writeFileSync(file, "another-value");
    expect(await readCredential(host(), { file })).toEqual({ value: "another-value" });
    rmSync(file);
    writeFileSync(file, secret, { mode: 0o644 });
    expect((await readCredential(host(), { file })).warning).toContain(`chmod 600 ${file}`);
    await expect(readCredential(host(), { file: join(folder, "nowhere") })).rejects.toThrow("is not there");
  });

  it("takes plain text and JSON from a command", async () => {
    expect(await command(`echo ${secret}`)).toEqual({ value: secret });
    expect(await command(`echo '{"value":"${secret}","expiresAt":"2030-01-01T00:00:00Z"}'`)).toEqual({
      value: secret,
      expiresAt: Date.UTC(2030, 0, 1),
    });
    expect((await command(`echo '{"value":"${secret}","expiresAt":1893456000}'`)).expiresAt).toBe(1_893_456_000_000);
  });

  it.each([
    ["echo SECRET; exit 3", "ended with exit code 3"],
    ["echo SECRET >&2; exit 1", "ended with exit code 1"],
    ["echo SECRET; kill -9 $$", "was ended by SIGKILL"],
    ['echo \'{"value":"SECRET\'', "JSON that cannot be read"],
    ['echo \'{"token":"SECRET"}\'', "without a text `value`"],
    ['echo \'{"value":"SECRET","expiresAt":"soon"}\'', "is no time"],
    ["echo SECRET; echo two", "more than one line"],
    ["true", "gives nothing"],
    ["yes SECRET", "printed more than 64 KB"],
  ])("fails with the reason and without the value: %s", async (script, reason) => {
    const error = await command(script.replaceAll("SECRET", secret)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Failure);
    const failure = error as Failure;
    expect(failure.message).toContain(reason);
    expect(
      JSON.stringify([failure.message, failure.hint, failure.data, String(failure.cause), failure.stack]),
    ).not.toContain(secret);
  });

  it("says when a command cannot be started", async () => {
    await expect(readCredential(host(), { command: ["/nowhere/at-all"] })).rejects.toThrow("is not there");
  });

  it("ends the helpers of a command that prints without end", async () => {
    const note = join(folder, "pid");
    await expect(command(`sleep 1000 & echo $! > ${note}; yes`)).rejects.toThrow("printed more");
    const pid = Number(readFileSync(note, "utf8"));
    // Killed at once, reaped by init a moment later.
    await expect
      .poll(() => isSameProcess({ pid, startTicks: readStartTicks(pid) ?? "", bootId: readBootId() }))
      .toBe(false);
  });

  it("starts no program of the workspace: an agent may have written it since", async () => {
    const workspace = join(folder, "work");
    const bin = join(workspace, "bin");
    mkdirSync(bin, { recursive: true });
    const ran = join(folder, "ran");
    writeFileSync(join(bin, "give-token"), `#!/bin/sh\ntouch ${ran}\necho planted\n`, { mode: 0o755 });
    const own = join(folder, "own");
    mkdirSync(own);
    writeFileSync(join(own, "give-token"), `#!/bin/sh\nhelp-token || echo ${secret}\n`, { mode: 0o755 });
    writeFileSync(join(bin, "help-token"), `#!/bin/sh\ntouch ${ran}\necho planted\n`, { mode: 0o755 });

    const given = { ...host({ PATH: `${bin}:${own}:/usr/bin:/bin` }), workspace };
    expect(await readCredential(given, { command: ["give-token"] })).toEqual({ value: secret });
    await expect(readCredential(given, { command: [join(bin, "give-token")] })).rejects.toThrow("in the workspace");
    symlinkSync(join(bin, "give-token"), join(own, "linked"));
    await expect(readCredential(given, { command: [join(own, "linked")] })).rejects.toThrow("in the workspace");
    expect(existsSync(ran)).toBe(false);
  });

  it("reads no sign-in from a file of the workspace, wherever a variable leads", async () => {
    const workspace = join(folder, "work");
    mkdirSync(workspace);
    const planted = join(workspace, ".npmrc");
    writeFileSync(planted, "//a.example/npm/:_authToken=planted\n");
    const pip = join(workspace, "pip.conf");
    writeFileSync(pip, "[global]\nindex-url = https://me:planted@pip.example/simple\n");
    const given = host({ NPM_CONFIG_USERCONFIG: planted, npm_config_userconfig: planted, PIP_CONFIG_FILE: pip });
    const sources = [{ npmrc: "//a.example/npm/" }, { pip: "https://pip.example/simple" }];
    for (const source of sources) {
      expect(await readCredential(given, source)).toEqual({ value: "planted" });
      await expect(readCredential({ ...given, workspace }, source)).rejects.toThrow("no sign-in for");
    }
  });

  it("reads what npm and pip would sign in with", async () => {
    const basic = Buffer.from(`me:${secret}`).toString("base64");
    writeFileSync(join(folder, ".npmrc"), `//a.example/npm/:_authToken=\${TOK}\n//b.example/:_auth=${basic}\n`);
    const given = host({ TOK: secret, PIP_INDEX_URL: `https://me:${secret}@pip.example/simple` });
    expect(await readCredential(given, { npmrc: "//a.example/npm/" })).toEqual({ value: secret });
    expect(await readCredential(given, { npmrc: "//b.example/" })).toEqual({ value: secret });
    expect(await readCredential(given, { pip: "https://pip.example/simple" })).toEqual({ value: secret });
    await expect(readCredential(given, { npmrc: "//c.example/" })).rejects.toThrow("no sign-in for //c.example/");
  });
});

import { describe, expect, it } from "vitest";
import { judgeName } from "./secret-names.ts";

describe("judgeName()", () => {
  it.each([
    ".env",
    "deploy/.env.production",
    ".envrc",
    "prod.env",
    "a/b/id_rsa",
    "id_ed25519",
    "certs/server.p12",
    "release.keystore",
    ".aws/credentials",
    ".git-credentials",
    "config/master.key",
    "SECRETS.yaml",
    ".codex/auth.json",
  ])("%s is a secret by its name", (path) => {
    expect(judgeName(path)).toMatchObject({ why: expect.any(String) });
    expect(judgeName(path)?.content).toBeUndefined();
  });

  it.each([
    [".npmrc", "//r.example/:_authToken=x", "registry=https://r.example/"],
    ["ca/server.pem", "-----BEGIN EC PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----"],
    ["kubeconfig", "    client-key-data: abc", "clusters: []"],
    ["my-service-account.json", '{"private_key": "x"}', '{"name": "x"}'],
    [".netrc", "machine h login u password p", "# nothing"],
    [".docker/config.json", '{"auths":{"r":{"auth":"eA=="}}}', "{}"],
  ])("%s is one when its content says so", (path, secret, plain) => {
    const content = judgeName(path)?.content;
    expect([content?.test(secret), content?.test(plain)]).toEqual([true, false]);
  });

  it.each([
    ".env.example",
    ".env.d.ts",
    "id_rsa.pub",
    "src/environment.ts",
    "README.md",
    "secrets.py",
    "keyboard.json",
  ])("%s is none by its name", (path) => {
    expect(judgeName(path)).toBeUndefined();
  });
});

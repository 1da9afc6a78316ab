import { describe, expect, it } from "vitest";
import { detectSecrets } from "../../../src/sandbox/workspace/secrets/detect-secrets.ts";
import { hasHint } from "../../../src/sandbox/workspace/secrets/secret-hints.ts";

const times = (count: number, text: string) => text.repeat(count).slice(0, count);
const word = (count: number) => times(count, "aB3xK9mQ2");
const hex = (count: number) => times(count, "0a1b2c3d4e5f");
// One for each rule of the detector, as its documentation describes the shapes. Put together here, so that none stands in the file.
const samples: Readonly<Record<string, string>> = {
  aws: `AWS_SECRET_ACCESS_KEY="${word(40)}"`,
  privatekey: `-----BEGIN RSA ${"PRIVATE"} KEY-----\n${times(200, "MIIEowIBAAKCAQEA7bq8")}\n-----END RSA ${"PRIVATE"} KEY-----`,
  npm: `//r.example/:_auth${"Token"}=npm_${word(36)}`,
  basicauth: `https://deploy:${word(12)}@git.acme.io/x`,
  slack: `xo${"xb"}-123456789012-123456789012-${word(24)}`,
  sendgrid: `SG.${word(22)}.${word(43)}`,
  shopify: `shp${"at"}_${hex(32)}`,
  stripe: `sk_${"live"}_${word(24)}`,
  github: `gh${"p"}_${word(36)}`,
  gitlab: `gl${"pat"}-${word(20)}`,
  grafana: `gl${"sa"}_${word(32)}_${hex(8)}`,
  openai: `sk-${"proj"}-${word(74)}T3BlbkFJ${word(74)}`,
  anthropic: `sk-${"ant"}-api03-${word(93)}AA`,
  groq: `gsk${"_"}${word(52)}`,
  huggingface: `hf${"_"}${times(34, "aBcDeFgHiJ")}`,
  linear: `lin${"_api"}_${word(40)}`,
  notion: `ntn${"_"}12345678901${word(35)}`,
  "database-connection-string": `postgres://app:${word(14)}@db.acme.io/main`,
  vercel: `vcp${"_"}${word(24)}`,
  databricks: `dapi${hex(32)}`,
  docker: `dckr${"_pat"}_${word(27)}`,
  figma: `figd${"_"}${word(43)}`,
  cloudflare: `cfat${"_"}${word(40)}${hex(8)}`,
  tailscale: `tskey-${"auth"}-${word(12)}-${word(32)}`,
  "hashicorp-vault": `hvs${"."}${word(95)}`,
};

describe("the detector", () => {
  it("finds a secret of each kind, and the hints let each through to it", async () => {
    const texts = new Map(Object.entries(samples));
    expect([...texts].filter(([, text]) => !hasHint(text)).map(([kind]) => kind)).toEqual([]);
    const { found, left } = await detectSecrets(texts, { milliseconds: 20_000 });
    expect(left).toEqual([]);
    expect([...found.keys()].sort()).toEqual([...texts.keys()].sort());
  });

  it("finds none in what is written to be copied, and does not obey a file that switches it off", async () => {
    const texts = new Map([
      ["local", "postgres://app:s3cretpw9@localhost:5432/x"],
      ["service", "postgres://app:s3cretpw9@db/x"],
      ["example", "https://user:s3cretpw9@api.example.com/x"],
      ["off", `// secretlint-disable\n${samples.github}`],
    ]);
    const { found } = await detectSecrets(texts, { milliseconds: 20_000 });
    expect([...found]).toEqual([["off", "github"]]);
  });

  it("is ended when its time is up, and says what it did not judge", async () => {
    const slow = `${"-----BEGIN PRIVATE KEY-----\n ".repeat(12_000)}`;
    expect(await detectSecrets(new Map([["slow", slow]]), { milliseconds: 1 })).toEqual({
      found: new Map(),
      left: ["slow"],
    });
  });
});

import { describe, expect, it } from "vitest";
import { seedConfig } from "./seed-config.ts";

describe("seedConfig()", () => {
  it("leaves out what is secret and what only works on the host", () => {
    const entries = [
      { key: "core.bare", value: "false" },
      { key: "core.fsmonitor", value: "true" },
      { key: "commit.gpgsign", value: "true" },
      { key: "credential.https://a.test.helper", value: "store" },
      { key: "http.https://a.test/.extraheader", value: "AUTHORIZATION: basic x" },
      { key: "url.https://token@a.test/.insteadof", value: "https://a.test/" },
      { key: "github.token", value: "x" },
      { key: "remote.origin.url", value: "https://me:token@a.test/x.git" },
      { key: "remote.ssh.url", value: "git@a.test:x.git" },
      { key: "user.email", value: "me@a.test" },
    ];
    expect(seedConfig(entries)).toEqual([
      { key: "core.bare", value: "false" },
      { key: "remote.origin.url", value: "https://a.test/x.git" },
      { key: "remote.ssh.url", value: "git@a.test:x.git" },
      { key: "user.email", value: "me@a.test" },
    ]);
  });
});

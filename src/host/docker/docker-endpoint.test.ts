import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readDockerEndpoint } from "./docker-endpoint.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "caisson-endpoint-"));
});
afterEach(() => rmSync(home, { recursive: true }));

const write = (path: string, text: string) => {
  mkdirSync(join(home, path, ".."), { recursive: true });
  writeFileSync(join(home, path), text);
};
const digest = createHash("sha256").update("far").digest("hex");

describe("readDockerEndpoint()", () => {
  it("takes the system's socket when nothing is said", () => {
    expect(readDockerEndpoint({ HOME: home })).toMatchObject({ kind: "unix", path: "/var/run/docker.sock" });
  });

  it.each([
    ["unix:///run/user/1/docker.sock", { kind: "unix", path: "/run/user/1/docker.sock" }],
    ["tcp://build.test:2375", { kind: "tcp", host: "build.test", port: 2375 }],
    ["build.test:99", { kind: "tcp", host: "build.test", port: 99 }],
    ["tcp://[::1]:2375", { kind: "tcp", host: "::1", port: 2375 }],
  ])("reads DOCKER_HOST=%s", (address, expected) => {
    expect(readDockerEndpoint({ HOME: home, DOCKER_HOST: address })).toMatchObject(expected);
  });

  it.each(["ssh://ada@build.test", "unix://relative.sock", "npipe:////./pipe/docker_engine", "tcp://"])(
    "refuses DOCKER_HOST=%s",
    (address) => {
      expect(() => readDockerEndpoint({ HOME: home, DOCKER_HOST: address })).toThrow(
        expect.objectContaining({ code: "docker_address_unusable" }),
      );
    },
  );

  it("reads the keys that DOCKER_TLS_VERIFY asks for, and says where they are missing", () => {
    const environment = { HOME: home, DOCKER_HOST: "tcp://build.test", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: home };
    expect(() => readDockerEndpoint(environment)).toThrow(
      expect.objectContaining({ code: "docker_certificate_missing" }),
    );
    for (const name of ["ca", "cert", "key"]) write(`${name}.pem`, name);
    expect(readDockerEndpoint(environment)).toMatchObject({ port: 2376, tls: { ca: "ca", cert: "cert", key: "key" } });
  });

  it("follows the context that is chosen, with its keys; DOCKER_CONTEXT before it, DOCKER_HOST before both", () => {
    write(".docker/config.json", JSON.stringify({ currentContext: "far" }));
    write(
      `.docker/contexts/meta/${digest}/meta.json`,
      JSON.stringify({ Name: "far", Endpoints: { docker: { Host: "tcp://far.test:2376" } } }),
    );
    for (const name of ["ca", "cert", "key"]) write(`.docker/contexts/tls/${digest}/docker/${name}.pem`, name);
    expect(readDockerEndpoint({ HOME: home })).toMatchObject({ host: "far.test", tls: { key: "key" } });
    expect(readDockerEndpoint({ HOME: home, DOCKER_CONTEXT: "default" })).toMatchObject({ kind: "unix" });
    expect(readDockerEndpoint({ HOME: home, DOCKER_HOST: "unix:///x" })).toMatchObject({ path: "/x" });
    expect(() => readDockerEndpoint({ HOME: home, DOCKER_CONTEXT: "gone" })).toThrow(
      expect.objectContaining({ code: "docker_context_missing" }),
    );
  });
});

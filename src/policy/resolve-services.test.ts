import { describe, expect, it } from "vitest";
import { Manifest } from "../spec/manifest.ts";
import type { ManifestLayer } from "./manifest-layer.ts";
import { resolveServices, withoutServiceAddresses } from "./resolve-services.ts";

const layer = (services: object): ManifestLayer => ({
  file: "caisson.yaml",
  dir: "/",
  trust: "own",
  manifest: Manifest.parse({ services }),
  brokenAgents: {},
  brokenSandboxes: {},
  lineOf: () => 3,
  texts: {},
});
const resolved = (services: object) => resolveServices([layer(services)]).services;

describe("resolveServices()", () => {
  it("gives each its image, variables, check and memory; what is not said has its default", () => {
    expect(
      resolved({
        db: {
          image: "postgres:17",
          environment: { POSTGRES_PASSWORD: "local" },
          health: { test: ["pg_isready", "-U", "postgres"], interval: "500ms" },
          memory: "512m",
        },
        cache: { image: "redis", command: ["redis-server", "--save", ""], health: { test: "redis-cli ping" } },
      }),
    ).toEqual([
      {
        name: "db",
        image: "postgres:17",
        environment: { POSTGRES_PASSWORD: "local" },
        health: {
          test: ["CMD", "pg_isready", "-U", "postgres"],
          intervalSeconds: 0.5,
          timeoutSeconds: 3,
          startSeconds: 0,
          retries: 30,
        },
        memoryBytes: 512 * 1024 ** 2,
      },
      {
        name: "cache",
        image: "redis",
        environment: {},
        command: ["redis-server", "--save", ""],
        health: {
          test: ["CMD-SHELL", "redis-cli ping"],
          intervalSeconds: 1,
          timeoutSeconds: 3,
          startSeconds: 0,
          retries: 30,
        },
      },
    ]);
  });

  it("takes a stronger layer's service in the place of a weaker one's", () => {
    const { services } = resolveServices([
      layer({ db: { image: "a" }, q: { image: "q" } }),
      layer({ db: { image: "b" } }),
    ]);
    expect(services.map(({ name, image }) => [name, image])).toEqual([
      ["db", "b"],
      ["q", "q"],
    ]);
  });

  it.each([
    ["a name of ours", { gate: { image: "x" } }, "sandbox's own"],
    ["a name that no host has", { "a.b": { image: "x" } }, "host name"],
    [
      "a variable with a key in it",
      { db: { image: "x", environment: { KEY: `ghp_${"a".repeat(36)}` } } },
      "KEY looks like a GitHub token",
    ],
    ["a size that is none", { db: { image: "x", memory: "1m" } }, "memory 1m"],
    ["a duration that is none", { db: { image: "x", health: { test: "x", interval: "5" } } }, "health.interval 5"],
    ["a wait that is too long", { db: { image: "x", health: { test: "x", start: "1h" } } }, "health.start 1h"],
  ])("refuses %s", (_, services, problem) => {
    expect(() => resolved(services)).toThrow(problem);
  });
});

describe("withoutServiceAddresses()", () => {
  it.each([
    ["postgres://app:secret@db/app", "/app"],
    ["postgres://app:secret@db:5432/app", ":5432/app"],
    ["postgres://app:secret@db.example/app", "postgres://app:secret@db.example/app"],
    ["postgres://app:secret@other/app", "postgres://app:secret@other/app"],
    ["postgres://app:secret@db postgres://a:secret@other", " postgres://a:secret@other"],
  ])("of %s leaves %s", (text, rest) => {
    expect(withoutServiceAddresses(text, ["db"])).toBe(rest);
  });
});

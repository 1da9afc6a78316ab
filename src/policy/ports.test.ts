import { describe, expect, it } from "vitest";
import { Manifest } from "../spec/manifest.ts";
import type { ManifestLayer } from "./manifest-layer.ts";
import { parsePublish } from "./parse-publish.ts";
import { resolvePorts } from "./resolve-ports.ts";

const layer = (ports: readonly (string | number)[]): ManifestLayer => ({
  file: "caisson.yaml",
  dir: "/",
  trust: "own",
  manifest: Manifest.parse({ ports }),
  brokenAgents: {},
  brokenSandboxes: {},
  lineOf: (path) => Number(path.at(-1)) + 1,
  texts: {},
});
const ports = (layers: readonly ManifestLayer[], flags: readonly string[]) => resolvePorts(layers, flags).ports;
const published = (hostAddress: string, hostPort: number, port: number) => ({ hostAddress, hostPort, port });

describe("parsePublish()", () => {
  it.each([
    ["3000", published("127.0.0.1", 3000, 3000)],
    ["8080:3000", published("127.0.0.1", 8080, 3000)],
    ["0:3000", published("127.0.0.1", 0, 3000)],
    ["127.0.0.1:8080:3000", published("127.0.0.1", 8080, 3000)],
    ["localhost:8080:3000", published("127.0.0.1", 8080, 3000)],
    ["0.0.0.0:8080:3000", published("0.0.0.0", 8080, 3000)],
    ["[::1]:8080:3000", published("::1", 8080, 3000)],
  ])("reads %s", (text, expected) => {
    expect(parsePublish(text, "--publish")).toEqual(expected);
  });

  it.each([
    ["", "not a port"],
    ["0", "not a port"],
    ["x", "not a port"],
    ["65536", "not a port"],
    ["70000:3000", "not a port"],
    [" 3000", "not a port"],
    ["3000/tcp", "not a port"],
    ["1:2:3:4", "parts"],
    ["[::1]:3000", "parts"],
    ["host.example:80:80", "not an address"],
    ["1.2.3.256:80:80", "not an address"],
    ["[x]:80:80", "not an address"],
    ["3128", "gate's own"],
    ["8080:3128", "gate's own"],
  ])("refuses %j: %s", (text, problem) => {
    expect(() => parsePublish(text, "--publish")).toThrow(problem);
  });
});

describe("resolvePorts()", () => {
  it("takes a stronger layer's word for a port inside, and the other ports of a weaker one", () => {
    expect(ports([layer([3000, "8080:80"])], ["9000:80"])).toEqual([
      published("127.0.0.1", 3000, 3000),
      published("127.0.0.1", 9000, 80),
    ]);
  });

  it("publishes one port inside at two places", () => {
    expect(ports([], ["8080:80", "8081:80"])).toHaveLength(2);
  });

  it("refuses one place outside for two ports inside, but for any free one", () => {
    expect(() => ports([layer(["8080:80"])], ["8080:81"])).toThrow("127.0.0.1:8080 is given twice");
    expect(ports([], ["0:80", "0:81"])).toHaveLength(2);
  });

  it("warns of what more than this machine reaches, and of nothing else", () => {
    const { notes, sources } = resolvePorts([layer([3000])], ["0.0.0.0:8080:80"]);
    expect(notes.map(({ level, text }) => [level, text])).toEqual([
      ["warning", expect.stringContaining("port 80 (--publish) is open to the network at 0.0.0.0")],
    ]);
    expect(sources).toEqual({ "port.3000": "caisson.yaml:1", "port.80": "--publish" });
  });
});

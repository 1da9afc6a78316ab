/** The part of JSON Schema that our generated schemas use; `refuseUnread` tells any other. */
export interface ValueSchema {
  readonly [keyword: string]: unknown;
}

/** A value as the schema has it: defaults filled in, what a lenient object does not know left out. Or where and why it is none. */
export type ReadValue = { readonly value: unknown } | { readonly problem: string };

/** Checks of a text by the name of its `format`. */
export type TextFormats = Readonly<Record<string, (text: string) => boolean>>;

/**
 * Makes a reader of values by a JSON Schema. It does at run time what zod does, for those who are waited for: it is there at once,
 * where loading zod and building schemas takes longer than a sandbox's namespaces. A problem never quotes the value, which
 * may be a secret.
 */
export function createValueReader(schema: ValueSchema, formats: TextFormats): (value: unknown) => ReadValue {
  return (value) => {
    try {
      return { value: read(schema, value, { path: "", formats }) };
    } catch (error) {
      if (error instanceof Mismatch) return { problem: error.message };
      throw error;
    }
  };
}

interface Place {
  readonly path: string;
  readonly formats: TextFormats;
}

class Mismatch extends Error {
  constructor({ path }: Place, problem: string) {
    super(`${path || "message"}: ${problem}`);
  }
}

const below = (place: Place, name: string): Place => ({ ...place, path: place.path ? `${place.path}.${name}` : name });

function read(schema: ValueSchema, value: unknown, place: Place): unknown {
  const branches = schema.oneOf ?? schema.anyOf;
  if (Array.isArray(branches)) return readOneOf(branches as readonly ValueSchema[], value, place);
  if ("const" in schema && value !== schema.const) throw new Mismatch(place, "not the expected word");
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) throw new Mismatch(place, "not one of the words");
  const { type } = schema;
  if (Array.isArray(type))
    return readOneOf(
      type.map((each: unknown) => ({ ...schema, type: each })),
      value,
      place,
    );
  switch (type) {
    case "object":
      return readObject(schema, value, place);
    case "array":
      return readArray(schema, value, place);
    case "string":
      return readText(schema, value, place);
    case "integer":
    case "number":
      return readNumber(schema, value, place);
    case "boolean":
      if (typeof value !== "boolean") throw new Mismatch(place, "not true or false");
      return value;
    case "null":
      if (value !== null) throw new Mismatch(place, "not null");
      return value;
    case undefined:
      return value;
    default:
      throw new TypeError(`a schema has the type ${String(type)}, which is not read`);
  }
}

/** The first branch that fits; of branches that name themselves by a fixed word, only the one that the value names. */
function readOneOf(branches: readonly ValueSchema[], value: unknown, place: Place): unknown {
  const named = branches.filter((branch) => isNamedBy(branch, value));
  if (named.length === 1 && named[0]) return read(named[0], value, place);
  for (const branch of named) {
    try {
      return read(branch, value, place);
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
    }
  }
  throw new Mismatch(place, "none of the possible forms");
}

function isNamedBy(branch: ValueSchema, value: unknown): boolean {
  const words = Object.entries(propertiesOf(branch)).filter(([, schema]) => "const" in schema);
  return words.every(([name, schema]) => isObject(value) && Object.hasOwn(value, name) && value[name] === schema.const);
}

function readObject(schema: ValueSchema, value: unknown, place: Place): unknown {
  if (!isObject(value)) throw new Mismatch(place, "not an object");
  const properties = propertiesOf(schema);
  const { required = [], additionalProperties: others } = schema as {
    required?: readonly string[];
    additionalProperties?: unknown;
  };
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) throw new Mismatch(below(place, missing), "missing");
  const entries: [string, unknown][] = [];
  for (const [name, property] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) entries.push([name, read(property, value[name], below(place, name))]);
    else if ("default" in property) entries.push([name, structuredClone(property.default)]);
  }
  for (const name of Object.keys(value).filter((key) => !Object.hasOwn(properties, key))) {
    if (others === false) throw new Mismatch(place, "holds a field that is not known");
    if (isObject(others)) entries.push([name, read(others, value[name], below(place, "*"))]);
  }
  return Object.fromEntries(entries);
}

function readArray(schema: ValueSchema, value: unknown, place: Place): unknown {
  if (!Array.isArray(value)) throw new Mismatch(place, "not a list");
  if (value.length < Number(schema.minItems ?? 0)) throw new Mismatch(place, "too short a list");
  const items = isObject(schema.items) ? schema.items : {};
  return value.map((item, index) => read(items, item, below(place, String(index))));
}

function readText(schema: ValueSchema, value: unknown, place: Place): unknown {
  if (typeof value !== "string") throw new Mismatch(place, "not a text");
  if (value.length < Number(schema.minLength ?? 0)) throw new Mismatch(place, "too short a text");
  if (typeof schema.pattern === "string") {
    if (!new RegExp(schema.pattern).test(value)) throw new Mismatch(place, "not in the expected form");
  } else if (typeof schema.format === "string" && place.formats[schema.format]?.(value) !== true) {
    throw new Mismatch(place, `not a ${schema.format}`);
  }
  return value;
}

function readNumber(schema: ValueSchema, value: unknown, place: Place): unknown {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Mismatch(place, "not a number");
  if (schema.type === "integer" && !Number.isSafeInteger(value)) throw new Mismatch(place, "not a whole number");
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity } = schema as Record<string, number>;
  if (value < minimum || value > maximum || value <= exclusiveMinimum) throw new Mismatch(place, "out of bounds");
  return value;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const propertiesOf = (schema: ValueSchema) => (schema.properties ?? {}) as Readonly<Record<string, ValueSchema>>;

const plainKeywords = new Set(
  "title $schema description type const enum required default minLength minItems minimum maximum exclusiveMinimum pattern format contentEncoding".split(
    " ",
  ),
);

/** Throws for a schema with a part that a reader would pass over. Asked when schemas are generated, not when they are read. */
export function refuseUnread(schema: ValueSchema, formats: readonly string[]): void {
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "oneOf" || keyword === "anyOf")
      for (const each of value as ValueSchema[]) refuseUnread(each, formats);
    else if (keyword === "properties") for (const each of Object.values(value as object)) refuseUnread(each, formats);
    else if (keyword === "items" || keyword === "additionalProperties") {
      if (isObject(value)) refuseUnread(value, formats);
    } else if (keyword === "propertyNames" && JSON.stringify(value) === '{"type":"string"}') continue;
    else if (!plainKeywords.has(keyword)) throw new TypeError(`a schema has the keyword ${keyword}, which is not read`);
  }
  const { format, pattern } = schema;
  if (typeof format === "string" && pattern === undefined && !formats.includes(format))
    throw new TypeError(`a schema has the format ${format}, which is not checked`);
}

/** Instructions for a CLI that has no way of its own to be held to a JSON Schema. */
export function askForOutput(schema: Readonly<Record<string, unknown>>): string {
  return [
    "Your last message is read by a program. It has to be one JSON value, with nothing before or after it and not in a",
    "block of code, that fits this JSON Schema:",
    JSON.stringify(schema),
  ].join("\n");
}

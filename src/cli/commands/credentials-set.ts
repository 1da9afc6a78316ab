import { openKeptStore } from "../../host/credential/kept/kept-store.ts";
import { cliFailure } from "../errors.ts";
import { askHidden } from "../frame/ask-hidden.ts";
import { defineCommand } from "../frame/command.ts";
import type { CommandContext } from "../frame/command-context.ts";

const maxBytes = 64 * 1024;

/** `caisson credentials set`. */
export const credentialsSetCommand = defineCommand({
  arguments: [{ name: "<name>", summary: "what manifests and agents call it: { kept: NAME }, or anthropic-api-key" }],
  options: {},
  examples: [
    {
      line: "caisson credentials set anthropic-api-key",
      does: "asks for the key without showing it, and keeps it sealed",
    },
    { line: "pass show service | caisson credentials set service-key", does: "keeps what another program prints" },
  ],
  exits: { 2: "a bad name, or no value", 4: "the kept credentials cannot be opened" },
  notes: [
    "The value is read from standard input, or asked for on a terminal; it is never an argument. What seals it, and against whom, is in docs/credentials.md.",
  ],
  run: async (context, { arguments: [name = ""] }) => {
    const store = openKeptStore({ environment: context.environment, home: context.folders.home });
    const value = (await readValue(context, name))?.trim() ?? "";
    if (value === "" || /[^\x20-\x7e]/.test(value)) {
      const problem = value === "" ? "no value was given" : "the value has to be one line of plain text";
      throw cliFailure("wrong_usage", { command: "credentials set", problem });
    }
    const head = { name, kind: "value", keptAt: new Date().toISOString() } as const;
    await store.write({ head, secret: { kind: "value", value } });
    const sealedBy = store.sealedBy();
    context.output.show({ name, sealedBy }, () => [`kept ${name}, sealed by ${sealWords[sealedBy ?? "file"]}`]);
    return 0;
  },
});

/** What holds the key, as people say it. */
export const sealWords = {
  passphrase: "your passphrase",
  keyring: "a key in your keyring",
  file: "a key file beside it",
} as const;

async function readValue(context: CommandContext, name: string): Promise<string | undefined> {
  if (context.input.isTerminal) return askHidden(context, `value of ${name} (not shown):`);
  let text = "";
  for await (const chunk of context.input.stream) {
    text += String(chunk);
    if (text.length > maxBytes)
      throw cliFailure("wrong_usage", { command: "credentials set", problem: "the value is too long" });
  }
  return text;
}

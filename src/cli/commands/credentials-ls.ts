import type { KeptHead } from "../../host/credential/kept/kept-entry.ts";
import { openKeptStore } from "../../host/credential/kept/kept-store.ts";
import { defineCommand } from "../frame/command.ts";
import { loginState } from "../login-state.ts";
import { ageText } from "../output/age-text.ts";
import { alignColumns } from "../output/align-columns.ts";
import { sealWords } from "./credentials-set.ts";

/** `caisson credentials ls`. */
export const credentialsLsCommand = defineCommand({
  arguments: [],
  options: {},
  examples: [{ line: "caisson credentials ls", does: "lists what is kept, by name: who is signed in, and until when" }],
  exits: {},
  notes: ["No value is shown or read: the list needs neither keyring nor passphrase."],
  run: async ({ environment, folders, output }) => {
    const store = openKeptStore({ environment, home: folders.home });
    const heads = store.list();
    const sealedBy = store.sealedBy();
    if (output.json) {
      for (const head of heads) output.show({ ...head, sealedBy }, () => []);
      return 0;
    }
    const lines = alignColumns(
      heads.map((head) => [head.name, ...("kind" in head ? describe(head) : ["cannot be read", ""])]),
    );
    for (const line of lines) output.show({}, () => [`  ${line.trimEnd()}`]);
    output.note(
      sealedBy === undefined ? "nothing is kept: caisson credentials set NAME" : `sealed by ${sealWords[sealedBy]}`,
    );
    return 0;
  },
});

/** What a list says of one kept credential: its kind, and how it stands. */
function describe(head: KeptHead): readonly [string, string] {
  if (head.kind === "value") return ["value", `kept ${ageText(Date.now() - Date.parse(head.keptAt))} ago`];
  const who = [head.provider, head.account].filter((part) => part !== undefined).join(" as ");
  return [`login ${who}`, loginState(head, Date.now())];
}

import { credentialFailure } from "../../host/credential/errors.ts";
import { openKeptStore } from "../../host/credential/kept/kept-store.ts";
import { defineCommand } from "../frame/command.ts";

/** `caisson credentials rm`. */
export const credentialsRmCommand = defineCommand({
  arguments: [{ name: "<name>", summary: "a kept credential" }],
  options: {},
  examples: [
    { line: "caisson credentials rm service-key", does: "removes it; sandboxes that run keep what they were given" },
  ],
  exits: { 4: "nothing is kept under this name" },
  run: async ({ environment, folders, output }, { arguments: [name = ""] }) => {
    const store = openKeptStore({ environment, home: folders.home });
    if (!(await store.remove(name))) throw credentialFailure("kept_missing", { name });
    output.show({ name }, () => [`removed ${name}`]);
    return 0;
  },
});

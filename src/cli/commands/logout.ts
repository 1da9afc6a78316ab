import { openKeptStore } from "../../host/credential/kept/kept-store.ts";
import { defineCommand } from "../frame/command.ts";
import { loginOf } from "../login-way.ts";

/** `caisson logout`. */
export const logoutCommand = defineCommand({
  arguments: [{ name: "<provider>", summary: "claude-code, codex or copilot" }],
  options: {},
  examples: [
    { line: "caisson logout codex", does: "forgets the login here; at the provider it stays until you end it there" },
  ],
  exits: {},
  run: async ({ environment, folders, output }, { arguments: [provider = ""] }) => {
    const { credential } = loginOf(provider);
    const wasThere = await openKeptStore({ environment, home: folders.home }).remove(credential);
    output.show({ provider, removed: wasThere }, () => [
      wasThere ? `signed out of ${provider}: nothing of it is kept here` : `nobody was signed in to ${provider}`,
    ]);
    return 0;
  },
});

import { readBootId } from "../../host/process-identity.ts";
import { findSandbox } from "../../run/list-sandboxes.ts";
import { stopSandbox } from "../../run/stop-sandbox.ts";
import { defineCommand } from "../frame/command.ts";
import { sandboxStateText } from "../output/sandbox-text.ts";
import { showSettlement } from "../output/show-settlement.ts";
import { settleHost } from "../settle-host.ts";

/** `caisson stop`. */
export const stopCommand = defineCommand({
  arguments: [{ name: "<slugs...>", summary: "the sandboxes: slugs, beginnings of slugs, or labels" }],
  options: {},
  examples: [
    { line: "caisson stop brisk-otter", does: "ends its whole process tree within 15 s; logs and audit stay" },
  ],
  exits: { 3: "no such sandbox", 6: "something is left: it is listed, and caisson cleanup tries again" },
  notes: ["One that has ended already is left as it is, and that is no failure."],
  run: async (context, { arguments: names }) => {
    const { output, folders } = context;
    const found = names.map((name) => findSandbox(folders.state, name));
    const host = settleHost(context);
    const exits = found.map(async (sandbox) => {
      const { slug } = sandbox.metadata;
      if (sandbox.state === "ended" && !sandbox.unsettled) {
        const state = sandboxStateText(sandbox, new Date(), readBootId());
        output.show({ slug, done: "nothing", leftovers: [] }, () => [`${slug}  ${state}`]);
        return 0;
      }
      return showSettlement(output, await stopSandbox(host, slug), "stopped");
    });
    return Math.max(...(await Promise.all(exits)));
  },
});

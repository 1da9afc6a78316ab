import { settleAheads } from "../../run/settle-aheads.ts";
import { endSpare } from "../../run/spare-place.ts";
import { killAll } from "../../run/stop-sandbox.ts";
import { defineCommand } from "../frame/command.ts";
import { showSettlement } from "../output/show-settlement.ts";
import { settleHost } from "../settle-host.ts";

/** `caisson kill`. */
export const killCommand = defineCommand({
  arguments: [],
  options: {},
  examples: [{ line: "caisson kill", does: "ends every sandbox of yours, and a spare, now; nobody is asked" }],
  exits: { 6: "something is left: it is listed, and caisson cleanup tries again" },
  run: async (context) => {
    const { output, folders } = context;
    const spare = await endSpare(folders.state);
    const host = settleHost(context);
    // What a spare had in docker: told when it could not be taken away.
    const ahead = (await settleAheads(host, { waits: true })).filter(({ leftovers }) => leftovers.length > 0);
    const settlements = [...ahead, ...(await killAll(host))];
    if (spare === "ended") output.note("the spare was ended");
    if (settlements.length === 0 && spare !== "ended") output.note("nothing runs");
    return Math.max(0, ...settlements.map((settlement) => showSettlement(output, settlement, "killed")));
  },
});

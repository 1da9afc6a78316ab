import { parseAllow } from "../../policy/parse-allow.ts";
import { runFailure } from "../../run/errors.ts";
import type { FromKeeper } from "../../spec/keeper-protocol.ts";
import { defineCommand } from "../frame/command.ts";
import { flag } from "../frame/option.ts";
import { routeText } from "../output/route-text.ts";
import { keeperFailure } from "../run/keeper-failure.ts";
import { reachSandbox } from "../run/reach-sandbox.ts";

type Answer = Extract<FromKeeper, { type: "allowed" | "failed" }>;

/** `caisson policy allow`. */
export const policyAllowCommand = defineCommand({
  arguments: [
    { name: "<slug>", summary: "the running sandbox: its slug, the beginning of it, or its label" },
    { name: "<host>", summary: "HOST[:PORT][/PATH], as for caisson run --allow" },
  ],
  options: { once: flag("--once", "for one request; then the route is gone") },
  examples: [
    { line: "caisson policy allow brisk-otter docs.acme.example --once", does: "lets one request out" },
    {
      line: "caisson policy allow brisk-otter acme.example/api",
      does: "lets /api and all below it out, until the run ends",
    },
  ],
  exits: { 3: "no such sandbox", 5: "the gate refused it", 7: "it does not run" },
  notes: [
    "It applies at once and cuts no open stream. It ends with the run: for every run, put it into your manifest.",
  ],
  run: async ({ output, folders }, { arguments: [name = "", host = ""], options }) => {
    const route = parseAllow(host, { once: options.once });
    const { metadata, client } = await reachSandbox(folders.state, name);
    const { slug } = metadata;
    using connection = client;
    const id = "allow";
    const answer = connection.next((m): m is Answer => (m.type === "allowed" || m.type === "failed") && m.id === id);
    connection.send({ type: "allow", id, route });
    const said = await answer;
    if (said === undefined) throw runFailure("sandbox_ended", { slug });
    if (said.type === "failed") throw keeperFailure(said, slug);
    output.show({ slug, route, version: said.version }, () => [`allowed ${routeText(route)}`]);
    return 0;
  },
});

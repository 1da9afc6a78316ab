import { findSandbox } from "../../run/list-sandboxes.ts";
import { verifyAudit } from "../../run/verify-audit.ts";
import { statePaths } from "../../sandbox/state-paths.ts";
import { defineCommand } from "../frame/command.ts";

const untrue = 1;

/** `caisson verify`. */
export const verifyCommand = defineCommand({
  arguments: [{ name: "<slug>", summary: "the sandbox: its slug, the beginning of it, or its label" }],
  options: {},
  examples: [{ line: "caisson verify brisk-otter", does: "checks that the audit log is whole and as it was written" }],
  exits: {
    1: "the log was altered, reordered, or lines are missing: the first wrong line is named",
    3: "no such sandbox",
  },
  run: async ({ output, folders }, { arguments: [name = ""] }) => {
    const { slug } = findSandbox(folders.state, name).metadata;
    const verdict = verifyAudit(statePaths(folders.state, slug));
    output.show({ slug, ...verdict }, () => {
      if (!verdict.ok) return [`${output.style.bad("not as written")}: line ${verdict.line}: ${verdict.reason}`];
      const beyond = verdict.beyondHead === 0 ? "" : ` (the last ${verdict.beyondHead} not yet anchored)`;
      return [`${output.style.good("as written")}: ${verdict.lines} lines${beyond}`];
    });
    return verdict.ok ? 0 : untrue;
  },
});

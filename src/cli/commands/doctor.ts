import { defineCommand } from "../frame/command.ts";

/** `caisson doctor`. */
export const doctorCommand = defineCommand({
  arguments: [],
  options: {},
  examples: [{ line: "caisson doctor", does: "says what is ready" }],
  exits: { 4: "not ready" },
  run: async (context) => {
    context.output.show({ ready: true }, () => ["ready"]);
    return 0;
  },
});

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { projectRoot } from "../../host/entry-point.ts";
import { cliFailure } from "../errors.ts";
import { defineCommand } from "../frame/command.ts";
import { manifestTemplate } from "../manifest-template.ts";

/** `caisson init`. */
export const initCommand = defineCommand({
  arguments: [{ name: "[file]", summary: "where to write it; without one it is printed" }],
  options: {},
  examples: [
    { line: "caisson init ~/.config/caisson/caisson.yaml", does: "writes your own manifest, every part commented" },
    { line: "caisson init | less", does: "only shows it" },
  ],
  exits: { 2: "it cannot be written there", 7: "the file is there already" },
  run: async ({ output, cwd }, { arguments: [name] }) => {
    const schema = join(projectRoot(), "schema/manifest.json");
    const manifest = `# yaml-language-server: $schema=${schema}\n${manifestTemplate}`;
    if (name === undefined) {
      output.show({ manifest }, () => manifest.trimEnd().split("\n"));
      return 0;
    }
    const file = resolve(cwd, name);
    try {
      // Only the last folder is made: a longer path that is not there is more likely a mistake.
      if (!existsSync(dirname(file))) mkdirSync(dirname(file));
      writeFileSync(file, manifest, { flag: "wx" });
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? "";
      if (code === "EEXIST") throw cliFailure("file_exists", { file: name }, { cause });
      throw cliFailure("file_unwritable", { file: name, problem: code }, { cause });
    }
    output.show({ file }, () => [`wrote ${name}`]);
    return 0;
  },
});

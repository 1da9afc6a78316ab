import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A way to start a command, sealed or not. */
export interface Contender {
  readonly name: string;
  readonly argv: readonly string[];
}

/** Prints nanoseconds since the epoch at its first instruction, or near enough: it is a small program of the system. */
const stamp = ["date", "+%s%N"] as const;

/** What is measured side by side. Each but the first ends in the same program, which tells when it started. */
export function contenders(given: { readonly root: string; readonly node: string; readonly srtSettings: string }): {
  readonly plainNode: Contender;
  readonly launchers: readonly Contender[];
} {
  const { root, node, srtSettings } = given;
  const srt = join(root, "node_modules/@anthropic-ai/sandbox-runtime/dist/cli.js");
  const caisson = [join(root, "bin/caisson"), "run", "--json", "--", ...stamp];
  const bwrap = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--", ...stamp];
  return {
    plainNode: { name: "node -e 0", argv: [node, "-e", "0"] },
    launchers: [
      { name: "caisson run", argv: caisson },
      { name: "srt", argv: [node, srt, "--settings", srtSettings, "-c", stamp.join(" ")] },
      { name: "bwrap", argv: bwrap },
    ],
  };
}

/** What the bench needs and this machine lacks; a peer that is missing is a failure, not an omitted row. */
export function missingPrograms(root: string, path: string): readonly string[] {
  const has = (file: string) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  const programs = ["bwrap", "socat", "rg", "date"].filter(
    (name) => !path.split(delimiter).some((folder) => has(join(folder, name))),
  );
  const srt = join(root, "node_modules/@anthropic-ai/sandbox-runtime/package.json");
  const isHere = (() => {
    try {
      accessSync(srt);
      return true;
    } catch {
      return false;
    }
  })();
  return isHere ? programs : [...programs, "@anthropic-ai/sandbox-runtime (npm ci)"];
}

import { mkdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { version } from "../../base/version.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { userFolders } from "../frame/user-folders.ts";
import type { Sink } from "../output/sink.ts";
import { createTextOutput } from "../output/text-output.ts";
import { runCommandLine } from "../run-command-line.ts";

const nowhere: Sink = { isTerminal: false, write: () => {}, flushed: async () => {} };

/**
 * Plans a run that is not started (`run --dry-run`), on docker or on the engine that would be chosen, in an empty folder below `place`, its words to nobody: what is loaded and
 * compiled for it need not be for the real one. Looks at the machine as every plan does, keeps nothing of it, never throws.
 */
export async function rehearse(
  environment: Readonly<Record<string, string | undefined>>,
  place: string,
  onDocker: boolean,
): Promise<void> {
  const cwd = join(place, "rehearsal");
  const context: CommandContext = {
    environment,
    cwd,
    folders: userFolders(environment, homedir()),
    // Never read: a plan only asks what it is.
    input: { isTerminal: false, stream: new PassThrough() as unknown as NodeJS.ReadStream },
    output: createTextOutput(nowhere, nowhere, { colours: false }),
    terminalSize: () => undefined,
    onResize: () => ({ [Symbol.dispose]: () => {} }),
    onInterrupt: () => ({ [Symbol.dispose]: () => {} }),
  };
  try {
    mkdirSync(cwd);
    await runCommandLine(
      context,
      ["run", ...(onDocker ? ["--engine=docker"] : []), "--dry-run", "--", "true"],
      version,
    );
  } catch {
    // What is wrong with this machine or its manifests is told to whoever runs something.
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

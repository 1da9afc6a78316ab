import { spawn } from "node:child_process";
import type { InstallCommand } from "./plan-installation.ts";

/** Runs an installation's commands in order; resolves with the one that failed, or undefined. Never asks anything itself. */
export async function installPackages(
  commands: readonly InstallCommand[],
  options: {
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly tell: (line: string) => void;
  },
): Promise<string | undefined> {
  for (const command of commands) {
    options.tell(`$ ${command.argv.join(" ")}`);
    const problem = await runCommand(command, options);
    if (problem !== undefined && !command.mayFail) return `${command.argv.join(" ")}: ${problem}`;
    if (problem !== undefined) options.tell(`${problem}; going on with the package lists that are here`);
  }
  return undefined;
}

function runCommand(
  command: InstallCommand,
  options: {
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly tell: (line: string) => void;
  },
): Promise<string | undefined> {
  const [file = "", ...args] = command.argv;
  return new Promise((resolve) => {
    // Standard input stays the person's: sudo may ask for a password. Packages may not ask anything.
    const child = spawn(file, args, {
      stdio: ["inherit", "pipe", "pipe"],
      env: { ...options.environment, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
      timeout: command.seconds * 1000,
      killSignal: "SIGTERM",
    });
    let rest = "";
    const tell = (bytes: Buffer) => {
      const lines = (rest + bytes.toString()).split("\n");
      rest = lines.pop() ?? "";
      // Of a line that was written over, only what stood there last.
      for (const line of lines) options.tell(`  ${line.replace(/\r+$/, "").split("\r").at(-1)}`);
    };
    child.stdout.on("data", tell);
    child.stderr.on("data", tell);
    child.on("error", (error) => resolve(error.message));
    child.on("close", (exitCode, signal) => {
      if (rest !== "") options.tell(`  ${rest}`);
      if (exitCode === 0) resolve(undefined);
      else resolve(signal === null ? `ended with ${exitCode}` : `took over ${command.seconds} s`);
    });
  });
}

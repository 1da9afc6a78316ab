import { spawn } from "@lydell/node-pty";

/** What a terminal showed of a program until that ended, whole, and the program's exit code. */
export interface ShownOnTerminal {
  readonly screen: string;
  readonly exitCode: number;
}

// What was not read 200 ms after a terminal's program ended is lost (node-pty gives its end up then), so one stays until the last
// word was seen.
const script = '"$@"; printf "<over:%s>" "$?"; exec sleep 600';
const over = /<over:(\d+)>$/;

/** Runs a program on a terminal of its own to its end. What it shows is told, with what types an answer. */
export async function showOnTerminal(
  argv: readonly string[],
  place: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  shown: (screen: string, type: (text: string) => void) => void = () => {},
): Promise<ShownOnTerminal> {
  const terminal = spawn("/bin/sh", ["-c", script, "sh", ...argv], { cols: 200, rows: 40, ...place });
  const exited = new Promise((resolve) => terminal.onExit(resolve));
  let screen = "";
  const exitCode = await new Promise<number>((resolve, reject) => {
    terminal.onData((data) => {
      screen += data;
      const [, code] = over.exec(screen) ?? [];
      if (code === undefined) shown(screen, (text) => terminal.write(text));
      else resolve(Number(code));
    });
    void exited.then(() => reject(new Error(`the terminal ended before its program: ${screen}`)));
  });
  terminal.kill();
  await exited;
  return { screen: screen.replace(over, ""), exitCode };
}

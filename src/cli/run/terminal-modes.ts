/** What a program switched on in the person's terminal and has not switched off. */
export interface TerminalModes {
  saw(bytes: Uint8Array): void;
  /** What puts the terminal back, below what is on its screen; empty where nothing is left on and nobody left early. */
  restore(leftEarly: boolean): string;
}

const cursor = "25";
const sequence = /\u001b\[([?><])([\d;]*)([hlum])/g;
/** Longer than any sequence that matters: one may come in two pieces. */
const tailLength = 32;

/** Listens to a program's own bytes: one that is left or killed cannot tidy up behind itself. */
export function trackTerminalModes(): TerminalModes {
  const on = new Set<string>();
  let isCursorHidden = false;
  let keyboards = 0;
  let hasOtherKeys = false;
  let tail = "";

  const note = (kind: string, parameters: string, final: string) => {
    if (kind === "?" && (final === "h" || final === "l"))
      for (const mode of parameters.split(";")) {
        if (mode === cursor) isCursorHidden = final === "l";
        else if (final === "h") on.add(mode);
        else on.delete(mode);
      }
    if (final === "u" && kind === ">") keyboards += 1;
    if (final === "u" && kind === "<") keyboards = Math.max(0, keyboards - Number(parameters || 1));
    if (final === "m" && kind === ">") hasOtherKeys = /^4;[12]$/.test(parameters);
  };
  return {
    saw(bytes) {
      const text = tail + Buffer.from(bytes).toString("latin1");
      let end = 0;
      for (const match of text.matchAll(sequence)) {
        note(match[1] ?? "", match[2] ?? "", match[3] ?? "");
        end = match.index + match[0].length;
      }
      tail = text.slice(Math.max(end, text.length - tailLength));
    },
    restore(leftEarly) {
      const modes = [...on].map((mode) => `\u001b[?${mode}l`).join("");
      const keys = `${keyboards > 0 ? `\u001b[<${keyboards}u` : ""}${hasOtherKeys ? "\u001b[>4m" : ""}`;
      const left = `${modes}${keys}${isCursorHidden ? "\u001b[?25h" : ""}`;
      // Below the cursor may lie the rest of a screen that nobody draws any more.
      return left === "" && !leftEarly ? "" : `${left}\u001b[0m\r\n\u001b[J`;
    },
  };
}

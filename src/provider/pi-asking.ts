import type { Question } from "../spec/session.ts";
import { parseObject, textIn } from "./json-line-decoder.ts";

/** What a dialog of our own extension begins with; a tool and its input follow as JSON. */
const mark = "caisson-ask ";

/** As much of a tool's input as a question shows. */
const longestInput = 16 * 1024;

/**
 * An extension for pi, which asks nobody before it uses a tool: this one does, by a dialog, for all but what only reads. Its
 * file lies in the private home; that an agent could change it there is no matter, as the sandbox is what holds it.
 */
export const askingExtension = `const readers = new Set(["read", "grep", "find", "ls"]);
export default function (pi) {
  const always = new Set();
  pi.on("tool_call", async (event, ctx) => {
    const tool = event.toolName;
    if (readers.has(tool) || always.has(tool)) return undefined;
    const text = JSON.stringify(event.input) ?? "null";
    const input = text.length > ${longestInput} ? JSON.stringify(text.slice(0, ${longestInput})) : text;
    const said = await ctx.ui.select(${JSON.stringify(mark)} + '{"tool":' + JSON.stringify(tool) + ',"input":' + input + "}", [
      "allow",
      "allow_always",
      "deny",
    ]);
    if (said === "allow_always") always.add(tool);
    return said === "allow" || said === "allow_always" ? undefined : { block: true, reason: "The person did not allow it." };
  });
}
`;

/** The question of a dialog that our extension opened; undefined for another's. */
export function readAsking(title: string): Omit<Question, "question"> | undefined {
  const asked = title.startsWith(mark) ? parseObject(title.slice(mark.length)) : undefined;
  if (!asked) return undefined;
  const tool = textIn(asked, "tool");
  return {
    kind: "permission",
    title: `Use ${tool}`,
    tool,
    input: asked.input,
    options: [
      { id: "allow", label: "Allow", means: "allow" },
      { id: "allow_always", label: `Allow ${tool} for this session`, means: "allow_always" },
      { id: "deny", label: "Deny", means: "deny" },
    ],
  };
}

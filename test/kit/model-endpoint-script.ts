/** What the scripted model does in one turn: says something, and uses tools that the agent CLI offered. */
export interface ScriptedTurn {
  readonly text?: string;
  readonly tools?: readonly ScriptedTool[];
}

/** A tool use in words of no CLI; `{{workdir}}` in a value is the agent's working directory, as its own request names it. */
type ScriptedTool =
  | { readonly use: "shell"; readonly command: string }
  | { readonly use: "read"; readonly path: string }
  | { readonly use: "write"; readonly path: string; readonly text: string }
  | { readonly use: "edit"; readonly path: string; readonly from: string; readonly to: string };

/** A tool as the CLI offered it: its name, and the names of its parameters. */
interface OfferedTool {
  readonly name: string;
  readonly parameters: readonly string[];
}

/** One request to the model, as far as the script needs it, whatever the API. */
export interface ScriptedRequest {
  readonly model: string;
  readonly streamed: boolean;
  readonly tools: readonly OfferedTool[];
  /** How many turns the model has had in this conversation: retries of a request see the same number. */
  readonly turnsDone: number;
  readonly isFormatAsked: boolean;
  /** The whole request as text: the working directory is found in it. */
  readonly text: string;
}

/** What the model answers, before it is put into a wire format. */
export interface ScriptedAnswer {
  readonly text: string;
  readonly calls: readonly { readonly tool: string; readonly input: Readonly<Record<string, unknown>> }[];
}

/** The answer to a request. One without tools is a CLI's side call (a title, a probe): it gets a word, or a small object. */
export function answerFromScript(turns: readonly ScriptedTurn[], request: ScriptedRequest): ScriptedAnswer {
  if (request.tools.length === 0) {
    return { text: request.isFormatAsked ? '{"title":"A scripted title","branch":"scripted"}' : "ok", calls: [] };
  }
  const turn = turns[request.turnsDone] ?? { text: "The script is over." };
  const workdir = findWorkdir(request.text);
  const fill = (value: unknown) => (typeof value === "string" ? value.replaceAll("{{workdir}}", workdir) : value);
  const calls = (turn.tools ?? []).map((tool) => {
    const { name, input } = chooseTool(tool, request.tools);
    return { tool: name, input: Object.fromEntries(Object.entries(input).map(([key, value]) => [key, fill(value)])) };
  });
  return { text: turn.text ?? "", calls };
}

/** Claude Code and pi both name the working directory in what they send; `text` is JSON. */
function findWorkdir(text: string): string {
  return /(?:working directory:\s*|<cwd>\\n)([^\s"\\<]+)/i.exec(text)?.[1] ?? ".";
}

const names = { shell: ["bash", "shell"], read: ["read"], write: ["write"], edit: ["edit"] } as const;

function chooseTool(tool: ScriptedTool, offered: readonly OfferedTool[]) {
  const found = offered.find(({ name }) => names[tool.use].some((known) => known === name.toLowerCase()));
  if (!found) throw new Error(`The CLI offers no ${tool.use} tool, only ${offered.map(({ name }) => name).join(", ")}`);
  return { name: found.name, input: inputFor(tool, found.parameters) };
}

function inputFor(tool: ScriptedTool, parameters: readonly string[]): Record<string, unknown> {
  const path = parameters.includes("file_path") ? "file_path" : "path";
  switch (tool.use) {
    case "shell":
      return { command: tool.command, ...(parameters.includes("description") ? { description: "Run a command" } : {}) };
    case "read":
      return { [path]: tool.path };
    case "write":
      return { [path]: tool.path, content: tool.text };
    case "edit":
      return parameters.includes("old_string")
        ? { [path]: tool.path, old_string: tool.from, new_string: tool.to }
        : { [path]: tool.path, edits: [{ oldText: tool.from, newText: tool.to }] };
  }
}

/** What the scripted model does in one turn: says something, and uses tools that the agent CLI offered. */
export interface ScriptedTurn {
  readonly text?: string;
  readonly tools?: readonly ScriptedTool[];
  /** A value for whoever asked for one: by the tool for that where the CLI offers one, else as text. */
  readonly answer?: Readonly<Record<string, unknown>>;
  /** The first request for this turn gets no answer at all; the next one does. */
  readonly hangs?: boolean;
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
  /** Takes a text instead of parameters. */
  readonly isFreeform: boolean;
}

/** One request to the model, as far as the script needs it, whatever the API. */
export interface ScriptedRequest {
  readonly model: string;
  readonly streamed: boolean;
  readonly tools: readonly OfferedTool[];
  /** How many turns the model has had in this conversation: retries of a request see the same number. */
  readonly turnsDone: number;
  readonly isFormatAsked: boolean;
  /** Not a turn, but the conversation in few words, which only the model can read. */
  readonly isSummaryAsked?: boolean;
  /** The whole request as text: the working directory is found in it. */
  readonly text: string;
}

/** What the model answers, before it is put into a wire format. */
export interface ScriptedAnswer {
  readonly text: string;
  /** A tool's input: its parameters, or the text of one that takes none. */
  readonly calls: readonly { readonly tool: string; readonly input: Readonly<Record<string, unknown>> | string }[];
}

/** The answer to a request. One without tools is a CLI's side call (a title, a probe): it gets a word, or a small object. */
export function answerFromScript(turns: readonly ScriptedTurn[], request: ScriptedRequest): ScriptedAnswer {
  if (request.tools.length === 0) {
    return { text: request.isFormatAsked ? '{"title":"A scripted title","branch":"scripted"}' : "ok", calls: [] };
  }
  const turn = turns[request.turnsDone] ?? { text: "The script is over." };
  const workdir = findWorkdir(request.text);
  const fill = (value: string) => value.replaceAll("{{workdir}}", workdir);
  const calls = (turn.tools ?? []).map((tool) => {
    const filled = Object.fromEntries(Object.entries(tool).map(([key, value]) => [key, fill(value)])) as ScriptedTool;
    return chooseTool(filled, request.tools);
  });
  if (turn.answer === undefined) return { text: turn.text ?? "", calls };
  const tool = request.tools.find(({ name }) => name === "StructuredOutput")?.name;
  if (tool !== undefined) return { text: "", calls: [{ tool, input: turn.answer }] };
  return { text: JSON.stringify(turn.answer), calls };
}

/** Every CLI names the working directory in what it sends; `text` is JSON. */
function findWorkdir(text: string): string {
  return /(?:working directory:\s*|<cwd>(?:\\n)?)([^\s"\\<]+)/i.exec(text)?.[1] ?? ".";
}

const names = {
  shell: ["bash", "shell", "exec_command"],
  read: ["read", "view"],
  write: ["write", "create"],
  edit: ["edit", "apply_patch"],
} as const;

/** The CLI's tool for the purpose; one that has a shell alone gets its work as commands, one with scripts as a script. */
function chooseTool(tool: ScriptedTool, offered: readonly OfferedTool[]): ScriptedAnswer["calls"][number] {
  const find = (use: ScriptedTool["use"]) =>
    offered.find(({ name }) => names[use].some((known) => known === name.toLowerCase()));
  const found = find(tool.use);
  if (found) return { tool: found.name, input: inputFor(tool, found) };
  const script = offered.find(({ name, isFreeform }) => name === "exec" && isFreeform);
  if (script) return { tool: script.name, input: scriptFor(tool) };
  const shell = find("shell");
  if (!shell) throw new Error(`The CLI offers no ${tool.use} tool, only ${offered.map(({ name }) => name).join(", ")}`);
  return { tool: shell.name, input: inputFor({ use: "shell", command: commandFor(tool) }, shell) };
}

function inputFor(tool: ScriptedTool, { parameters, isFreeform }: OfferedTool): Record<string, unknown> | string {
  const path = ["file_path", "filePath"].find((known) => parameters.includes(known)) ?? "path";
  switch (tool.use) {
    case "shell": {
      const command = parameters.includes("cmd") ? { cmd: tool.command } : { command: tool.command };
      return { ...command, ...(parameters.includes("description") ? { description: "Run a command" } : {}) };
    }
    case "read":
      return { [path]: tool.path };
    case "write":
      return { [path]: tool.path, [parameters.includes("file_text") ? "file_text" : "content"]: tool.text };
    case "edit": {
      if (isFreeform) return patchFor(tool);
      const patch = parameters.find((known) => ["patch", "patchText", "input"].includes(known));
      if (patch !== undefined) return { [patch]: patchFor(tool) };
      for (const [from, to] of [
        ["old_string", "new_string"],
        ["oldString", "newString"],
        ["old_str", "new_str"],
      ] as const)
        if (parameters.includes(from)) return { [path]: tool.path, [from]: tool.from, [to]: tool.to };
      return { [path]: tool.path, edits: [{ oldText: tool.from, newText: tool.to }] };
    }
  }
}

/** A change in the patch language of OpenAI's models; the script's files have one line that matters. */
function patchFor({ path, from, to }: Extract<ScriptedTool, { use: "edit" }>): string {
  const line = (text: string) => `export const sum = (a, b) => ${text};`;
  return `*** Begin Patch\n*** Update File: ${path}\n@@\n-${line(from)}\n+${line(to)}\n*** End Patch\n`;
}

/** The work as JavaScript, for Codex's tool that runs scripts. */
function scriptFor(tool: ScriptedTool): string {
  if (tool.use === "edit") return `text(await tools.apply_patch(${JSON.stringify(patchFor(tool))}))`;
  return `text(await tools.exec_command(${JSON.stringify({ cmd: commandFor(tool) })}))`;
}

function commandFor(tool: ScriptedTool): string {
  switch (tool.use) {
    case "shell":
      return tool.command;
    case "read":
      return `cat '${tool.path}'`;
    case "write":
      return `cat > '${tool.path}' <<'END'\n${tool.text}END\n`;
    case "edit":
      return `apply_patch <<'END'\n${patchFor(tool)}END\n`;
  }
}

import { providerFailure } from "./errors.ts";
import type { ProviderRequest } from "./provider.ts";

/** What the kernel takes as one argument is 128 KiB; a terminal's first prompt must stay below. */
const longestArgument = 100_000;

/** How a CLI is told things on its command line, where its standard input is the person's terminal. */
interface TerminalWords {
  /** Further instructions; empty where a file of the private home has them. */
  readonly instructions?: (text: string) => readonly string[];
  readonly prompt?: (text: string) => readonly string[];
}

/** How a prompt reaches a CLI: by standard input, or, where that is the person's terminal, as its last argument. */
export function handOverPrompt(
  agent: string,
  request: ProviderRequest,
  words: TerminalWords = {},
): { readonly argv: readonly string[]; readonly input?: string } {
  const { prompt, instructions, interactive } = request;
  if (!interactive) {
    if (prompt === undefined) throw providerFailure("prompt_missing", { agent });
    return { argv: [], input: instructions === undefined ? prompt : `${instructions}\n\n${prompt}` };
  }
  const { instructions: tell = (text) => ["--append-system-prompt", text], prompt: ask = (text) => ["--", text] } =
    words;
  const bytes = new TextEncoder().encode(`${prompt ?? ""}${instructions ?? ""}`).length;
  if (bytes > longestArgument) throw providerFailure("prompt_too_long", { agent, bytes });
  return {
    argv: [...(instructions === undefined ? [] : tell(instructions)), ...(prompt === undefined ? [] : ask(prompt))],
  };
}

/** The files of the given skills below a CLI's folder for them. */
export function skillFiles(dir: string, request: Pick<ProviderRequest, "skills">) {
  return request.skills.flatMap(({ name, files }) =>
    files.map(({ path, text }) => ({ path: `${dir}/${name}/${path}`, text, mode: 0o644 })),
  );
}

/** What the words of a command line ask for. */
export type FoundCommand =
  | { readonly kind: "command"; readonly name: string; readonly rest: readonly string[] }
  | { readonly kind: "overview"; readonly group?: string }
  | { readonly kind: "version" }
  | { readonly kind: "unknown"; readonly name: string };

/** Finds the command that a command line names; `help X` is `X --help`, a group alone is its list (or its `ls`). */
export function findCommand(words: readonly string[], names: readonly string[]): FoundCommand {
  const [first, second] = words;
  if (first === undefined || first === "--help" || first === "-h") return { kind: "overview" };
  if (first === "--version" || first === "-V") return { kind: "version" };
  if (first === "--json") return findCommand([...words.slice(1)], names);
  if (first === "help") return findCommand([...words.slice(1), "--help"], names);
  if (second !== undefined && names.includes(`${first} ${second}`)) {
    return { kind: "command", name: `${first} ${second}`, rest: words.slice(2) };
  }
  if (names.includes(first)) return { kind: "command", name: first, rest: words.slice(1) };
  const isAlone = second === undefined || second.startsWith("-");
  if (isAlone && names.includes(`${first} ls`)) return { kind: "command", name: `${first} ls`, rest: words.slice(1) };
  const isGroup = names.some((name) => name.startsWith(`${first} `));
  if (isGroup && isAlone) return { kind: "overview", group: first };
  return { kind: "unknown", name: isGroup ? `${first} ${second}` : first };
}

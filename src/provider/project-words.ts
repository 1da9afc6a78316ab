import type { Provider } from "./provider.ts";

/** Files at a project's root that tell agents about it. */
export const projectWordFiles = ["AGENTS.md", "CLAUDE.md"] as const;

/** A project's words, by the names of their files. */
export type ProjectWords = Readonly<Partial<Record<(typeof projectWordFiles)[number], string>>>;

/**
 * Which of a project's words a CLI would not see by itself, as a file of its private home; nothing where it reads them all, or
 * where the one that it reads is the same or takes the other in (`@AGENTS.md`).
 */
export function unreadWords(provider: Pick<Provider, "words">, home: string, found: ProjectWords) {
  const { words } = provider;
  if (words === undefined) return [];
  const read = words.reads.find((name) => found[name] !== undefined);
  const seen = read === undefined ? "" : (found[read] ?? "");
  const unread = projectWordFiles.filter((name) => {
    const text = found[name];
    return name !== read && text !== undefined && text.trim() !== seen.trim() && !seen.includes(`@${name}`);
  });
  if (unread.length === 0) return [];
  const text = unread.map((name) => `From this project's ${name}:\n\n${found[name]?.trim()}\n`).join("\n");
  return [{ path: `${home}/${words.homeFile}`, text, mode: 0o644 }];
}

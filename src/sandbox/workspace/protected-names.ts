/**
 * Names at the top of a workspace that programs on the host obey without asking: they are read-only inside, and when they
 * are not there they cannot be made. What a plain `git clone` of a hostile repository could bring as well and is shown in
 * a diff (Makefile, package.json, .gitmodules, CLAUDE.md) is not on the list: docs/workspace.md says why.
 */
export const protectedNames: readonly string[] = [
  // Agents and editors: hooks, tool servers and tasks that run on the host.
  ".aider.conf.yml",
  ".claude",
  ".codex",
  ".cursor",
  ".gemini",
  ".idea",
  ".mcp.json",
  ".opencode",
  ".pi",
  ".vscode",
  ".windsurf",
  // Interpreters that run a file of the folder that they are started in.
  ".Rprofile",
  ".irbrc",
  ".pdbrc",
  // Shells and tools that read a home folder, for a workspace that is linked into one.
  ".bash_login",
  ".bash_profile",
  ".bashrc",
  ".gitconfig",
  ".inputrc",
  ".kshrc",
  ".profile",
  ".ripgreprc",
  ".zlogin",
  ".zprofile",
  ".zshenv",
  ".zshrc",
];

import { execFile } from "node:child_process";
import { programsOutside } from "./programs-outside.ts";

/**
 * Name and address that the machine's git would commit with in `dir`; empty without git or without a configuration. Never
 * rejects, and never starts a git that lies in the workspace.
 */
export function readGitIdentity(
  { dir, workspace }: { readonly dir: string; readonly workspace?: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly name?: string; readonly email?: string }> {
  const argv = ["config", "--null", "--get-regexp", "^user\\.(name|email)$"];
  const programs = programsOutside(environment.PATH ?? "", workspace);
  const git = programs.find("git");
  if (git === undefined) return Promise.resolve({});
  return new Promise((resolve) => {
    execFile(git, argv, { cwd: dir, env: { ...environment, PATH: programs.path }, timeout: 5000 }, (error, stdout) => {
      const pairs = stdout.split("\0").map((line) => /^user\.(name|email)\n(.+)$/s.exec(line));
      resolve(error ? {} : Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1], pair[2]]] : []))));
    });
  });
}

import { execFile } from "node:child_process";

/** Name and address that the machine's git would commit with in `dir`; empty without git or without a configuration. Never rejects. */
export function readGitIdentity(
  dir: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly name?: string; readonly email?: string }> {
  const argv = ["config", "--null", "--get-regexp", "^user\\.(name|email)$"];
  return new Promise((resolve) => {
    execFile("git", argv, { cwd: dir, env: { ...environment }, timeout: 5000 }, (error, stdout) => {
      const pairs = stdout.split("\0").map((line) => /^user\.(name|email)\n(.+)$/s.exec(line));
      resolve(error ? {} : Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1], pair[2]]] : []))));
    });
  });
}

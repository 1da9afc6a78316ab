/** Who commits are by: what the host's git says. */
export interface GitIdentity {
  readonly name?: string;
  readonly email?: string;
}

/** The private home's `.gitconfig`: the person's name and address and nothing else of their configuration. */
export function gitConfigFile(home: string, identity: GitIdentity) {
  const lines = Object.entries(identity)
    .filter(([, value]) => value !== undefined && !/[\r\n\0]/.test(value))
    .map(([key, value]) => `\t${key} = ${quote(String(value))}\n`);
  return { path: `${home}/.gitconfig`, text: lines.length === 0 ? "" : `[user]\n${lines.join("")}`, mode: 0o644 };
}

const quote = (value: string) => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

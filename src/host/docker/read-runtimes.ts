import type Docker from "dockerode";

/** Names of the runtimes that an engine has, without its own inner names for them. */
export async function readRuntimes(docker: Docker): Promise<readonly string[]> {
  return runtimesOf((await docker.info()) as { readonly Runtimes?: object | null });
}

/** Of what an engine says of itself. Pure. */
export const runtimesOf = ({ Runtimes }: { readonly Runtimes?: object | null }): readonly string[] =>
  Object.keys(Runtimes ?? {}).filter((name) => !name.startsWith("io.containerd."));

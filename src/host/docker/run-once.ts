import type Docker from "dockerode";

/** What a short container said, or why it could not start. */
export type OnceOutcome =
  | { readonly started: true; readonly exitCode: number; readonly output: string }
  | { readonly started: false; readonly reason: string };

/**
 * Runs a command in a container that has no network, no right and no writable file, and is gone afterwards. Meant for
 * commands of a few seconds; after 30 it is killed.
 */
export async function runOnce(docker: Docker, image: string, argv: readonly string[]): Promise<OnceOutcome> {
  const [file = "", ...args] = argv;
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: [file],
    Cmd: args,
    User: "1000:1000",
    Tty: true,
    NetworkDisabled: true,
    HostConfig: {
      NetworkMode: "none",
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      ReadonlyRootfs: true,
      PidsLimit: 64,
      Memory: 512 * 1024 * 1024,
      LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
    },
  });
  const timer = setTimeout(() => void container.kill().catch(() => undefined), 30_000);
  try {
    const problem = await container.start().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (problem !== undefined) return { started: false, reason: problem };
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    const output = String(await container.logs({ stdout: true, stderr: true, follow: false }));
    return { started: true, exitCode: StatusCode, output };
  } finally {
    clearTimeout(timer);
    await container.remove({ force: true, v: true });
  }
}

import { realpathSync } from "node:fs";
import { dirname, sep } from "node:path";
import type Docker from "dockerode";
import type { ImageFacts } from "../../host/docker/read-image.ts";
import { readImage } from "../../host/docker/read-image.ts";
import { buildOwn } from "../../sandbox/docker/images/build-own.ts";
import { imageFailure } from "../../sandbox/docker/images/errors.ts";
import type { CommandContext } from "../frame/command-context.ts";
import { byteText } from "../output/byte-text.ts";
import { proxyArguments } from "../proxy-arguments.ts";

/** A Dockerfile that an agent's image is built from. */
export interface OwnDockerfile {
  readonly path: string;
  /** The workspace, which it must not lie in. */
  readonly workspace: string | undefined;
  /** Of a folder in a workspace that the person trusted: what it held then. */
  readonly digest?: string | undefined;
  /** Only says what would be. */
  readonly isDry: boolean;
}

/** The image of the person's own Dockerfile, built when its content is new; tells how long that took. Throws a Failure. */
export async function ownImage(
  context: Pick<CommandContext, "environment" | "output" | "onInterrupt">,
  docker: Docker,
  { path, workspace, digest, isDry }: OwnDockerfile,
): Promise<ImageFacts> {
  if (digest === undefined) refuseInside(path, workspace);
  const { output, environment } = context;
  const abort = new AbortController();
  using _ = context.onInterrupt(() => abort.abort());
  const host = {
    docker,
    proxies: proxyArguments(environment),
    now: () => performance.now(),
    tell: (line: string) => output.note(output.style.dim(`  ${line}`)),
    signal: abort.signal,
  };
  const { reference, id, bytes, state, seconds } = await buildOwn(host, { path, digest, isDry }).catch(
    (cause: unknown) => {
      throw abort.signal.aborted ? imageFailure("image_own_interrupted", { path }, { cause }) : cause;
    },
  );
  if (state === "built") output.note(`  image      ${reference}  ${byteText(bytes)}  built in ${seconds} s`);
  const found = id === undefined ? undefined : await readImage(docker, reference);
  if (found !== undefined) return found;
  return { reference, id: "sha256:not built yet", bytes: 0, createdAt: "", labels: {}, environment: [] };
}

/**
 * A build runs outside of any sandbox, with the engine's network. What an agent may write to, or a repository brings, must not
 * decide what is done there.
 */
function refuseInside(path: string, workspace: string | undefined): void {
  if (workspace === undefined) return;
  const folder = `${realFolder(dirname(path))}${sep}`;
  const work = `${realFolder(workspace)}${sep}`;
  if (folder.startsWith(work) || work.startsWith(folder)) throw imageFailure("image_own_in_workspace", { path });
}

function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

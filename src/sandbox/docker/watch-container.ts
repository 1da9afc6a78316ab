import type { EngineApi } from "../../host/docker/engine-api.ts";
import { labelNames } from "./docker-names.ts";
import { collectExecEnds, type ExecEnds } from "./exec-ends.ts";
import { type HandWatch, watchHand } from "./watch-hand.ts";

/** What the engine tells of a sandbox's agent container. */
export interface ContainerWatch {
  /** Resolves when the container does not run any more, or nobody can tell. Never rejects. */
  readonly gone: Promise<{ readonly reason: string }>;
  readonly ends: ExecEnds;
  /** Of all containers of the sandbox, the gate's with them. */
  readonly hand: Pick<HandWatch, "done">;
  /** Follows a container that has been started. */
  follow(container: string): void;
  close(): void;
}

/** Begins to watch before there is a container: nothing of it is missed. */
export async function watchContainer(api: EngineApi, slug: string, outOfMemory: () => void): Promise<ContainerWatch> {
  const abort = new AbortController();
  const gone = Promise.withResolvers<{ reason: string }>();
  const ends = collectExecEnds(gone.promise);
  const hand = watchHand(api, slug);
  const { over } = await api.followEvents(`${labelNames.slug}=${slug}`, abort.signal, (event) => {
    const { action, attributes } = event;
    hand.tell(event);
    if (attributes[labelNames.role] !== "agent") return;
    if (action === "oom") outOfMemory();
    else if (action === "exec_die" && attributes.execID !== undefined)
      ends.tell(attributes.execID, Number(attributes.exitCode));
  });
  const lost = () => gone.resolve({ reason: abort.signal.aborted ? "stopped" : "the docker engine went away" });
  // Its answer to the wait may be lost without a word; the events end with the engine.
  void over.then(lost);
  return {
    gone: gone.promise,
    ends,
    hand,
    follow: (container) => {
      api
        .waitContainer(container, abort.signal)
        .then((exitCode) => gone.resolve({ reason: `its container ended with code ${exitCode}` }), lost);
    },
    close: () => abort.abort(),
  };
}

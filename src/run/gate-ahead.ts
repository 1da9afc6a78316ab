import type { PinnedImage } from "../sandbox/docker/docker-plan.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";

/** Which gate a spare for docker asks its keeper to make before there is a run: in which engine, from which image. */
export interface GateWish {
  /** As in DOCKER_HOST. */
  readonly address: string;
  readonly gateImage: PinnedImage;
}

/**
 * What a spare's keeper has in the engine before there is a run: two networks and the container of a gate that knows nothing
 * and serves nobody. The slug was drawn for them; the run that gets them takes it.
 */
export interface GateAhead extends GateWish {
  readonly slug: string;
}

/** What a spare's keeper says of it: what there is, or why there is nothing (any more). */
export type AheadTold = { readonly ahead: GateAhead } | { readonly ahead: null; readonly reason: string };

/** Whether a run would have made this very gate. Ports are settled when a container starts; a recorded one's words are not kept. Pure. */
export function fitsAhead(request: LaunchRequest, ahead: GateAhead): boolean {
  const { metadata, docker, policy, record } = request;
  return (
    metadata.engine === "docker" &&
    metadata.docker_host === ahead.address &&
    docker?.gateImage.id === ahead.gateImage.id &&
    docker.gateImage.reference === ahead.gateImage.reference &&
    policy.ports.length === 0 &&
    record === undefined &&
    !request.resumes
  );
}

import { runFailure } from "../../run/errors.ts";
import { connectKeeper, type KeeperClient } from "../../run/keeper-client.ts";
import { findSandbox } from "../../run/list-sandboxes.ts";
import { statePaths } from "../../sandbox/state-paths.ts";
import type { Metadata } from "../../spec/state-files.ts";

/** A running sandbox and a connection to its keeper; fails when there is none, or it does not run. */
export async function reachSandbox(
  stateRoot: string,
  name: string,
): Promise<{ readonly metadata: Metadata; readonly client: KeeperClient }> {
  const { metadata, state } = findSandbox(stateRoot, name);
  const client = await connectKeeper(statePaths(stateRoot, metadata.slug).socket);
  if (client === undefined)
    throw runFailure("sandbox_not_running", { slug: metadata.slug, state, resumable: metadata.resumable === true });
  return { metadata, client };
}

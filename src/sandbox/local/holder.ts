import type { ProcessIdentity } from "../../host/process-identity.ts";

/** A sandbox's namespaces, held open by an idle process. Nothing of the agent runs in them by itself. */
export interface Holder {
  /** bubblewrap outside; it ends with our process, and with it everything inside. */
  readonly monitor: ProcessIdentity;
  /** First process of the sandbox's process namespace, as seen outside: killing it ends everything inside. */
  readonly init: ProcessIdentity;
  /** The kernel's name of that namespace. */
  readonly pidNamespace: string;
  /** Resolves when bubblewrap has made its mounts. Rejects with a failure when it could not; it is gone then. */
  readonly mounted: Promise<void>;
  /** Resolves when the holder is gone, whoever ended it. Never rejects. */
  readonly gone: Promise<{ readonly reason: string }>;
}

/** What the journal keeps of a sandbox, for the start after a death: enough to end exactly what may be left. */
export interface HolderFacts {
  readonly monitor?: ProcessIdentity;
  readonly init?: ProcessIdentity;
  readonly pidNamespace?: string;
  /** Cgroup folders made for it. Written before they are made. */
  readonly cgroups?: readonly string[];
}

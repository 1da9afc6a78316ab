import { cliFailure } from "../errors.ts";

/** What runs the agent's container. */
export interface RuntimeChoice {
  /** The engine's own default when not said. */
  readonly runtime?: string;
  /** Why it is not the stronger one that the engine has. */
  readonly why?: string;
}

/** gVisor, as its own installer names it in the engine. */
export const gvisor = "runsc";

/**
 * The runtime that was asked for, or throws; when none was, gVisor where the engine has it. Not with a mounted workspace: what
 * guards it is checked in the container's mounts as this machine's kernel has them, and gVisor keeps those to itself. Pure.
 */
export function chooseRuntime(given: {
  readonly wished: string | undefined;
  /** Those that the engine has. */
  readonly known: readonly string[];
  readonly isMounted: boolean;
}): RuntimeChoice {
  const { wished, known, isMounted } = given;
  if (wished !== undefined) {
    if (!known.includes(wished)) throw cliFailure("runtime_unknown", { runtime: wished, known });
    if (isMounted && isGvisor(wished)) throw cliFailure("runtime_unguarded", { runtime: wished });
    return { runtime: wished };
  }
  if (!known.includes(gvisor)) return {};
  if (isMounted) return { why: `not ${gvisor}: under it the guard of a mounted workspace cannot be checked` };
  return { runtime: gvisor };
}

/** Also under another name, as where two settings of it are registered (`runsc-kvm`). */
const isGvisor = (runtime: string) => runtime.startsWith(gvisor);

import type { SessionRequest } from "../provider/provider.ts";
import type { SessionLaunch } from "../spec/keeper-protocol.ts";

/** What a provider is asked, from what a launch says and where it is to be. */
export function sessionRequest(
  session: SessionLaunch,
  where: Pick<SessionRequest, "home" | "workdir" | "skills">,
): SessionRequest {
  const { argv, model, thinking, resume } = session;
  const instructions = [session.instructions, session.context].filter((text) => text !== undefined).join("\n\n");
  return {
    asks: session.asks,
    binary: session.binary,
    signedInWith: session.signedInWith,
    ...where,
    ...(argv && { argv }),
    ...(model !== undefined && { model }),
    ...(instructions !== "" && { instructions }),
    ...(thinking !== undefined && { thinking }),
    ...(resume !== undefined && { resume }),
  };
}

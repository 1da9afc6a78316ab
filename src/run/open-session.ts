import type { RunEnd } from "../spec/events.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import type { EventLog } from "./event-log.ts";
import type { KeeperHost } from "./keeper-host.ts";
import { createSessionDriver, type SessionDriver } from "./session-driver.ts";
import { type IdleWatch, watchIdle } from "./watch-idle.ts";
import { watchOwner } from "./watch-owner.ts";

/** How long whoever opens a session of their own may take to attach to it. */
const ownerSeconds = 60;

/** A run that is a session, as its keeper holds it. */
export interface OpenSession {
  readonly driver: SessionDriver;
  /** Takes the first prompt, so that it is on the record whatever becomes of the launch. */
  begin(): void;
  /** Somebody came or went. */
  attended(): void;
  /** Over: what was still open is told as interrupted. */
  close(): void;
}

/** Opens the session that a request asks for; undefined where it asks for none. */
export async function openSession(
  host: Pick<KeeperHost, "createSession">,
  request: LaunchRequest,
  keeper: {
    readonly events: EventLog;
    streamed(kind: "text" | "thought", text: string): void;
    isAttended(): boolean;
    stop(end: RunEnd): void;
  },
): Promise<OpenSession | undefined> {
  const made = await host.createSession(request);
  if (made === undefined) return undefined;
  const { events } = keeper;
  const { idleSeconds } = request.policy.limits;
  const idle = watchIdle(
    idleSeconds,
    () => driver.isIdle && !keeper.isAttended(),
    () => {
      const detail = `nothing was said for ${idleSeconds} s, and nobody was attached`;
      events.append({ event: "limit_reached", limit: "idle", detail });
      keeper.stop("stopped");
    },
  );
  const owner: IdleWatch | undefined = request.session?.owned
    ? watchOwner(ownerSeconds, keeper.isAttended, () => keeper.stop("stopped"))
    : undefined;
  const driver = createSessionDriver({
    ...made,
    agent: request.metadata.agent,
    append: events.append,
    streamed: keeper.streamed,
    changed: idle.look,
  });
  const prompt = request.session?.prompt;
  return {
    driver,
    begin: () => {
      if (prompt !== undefined) driver.command({ type: "prompt", text: prompt });
    },
    attended: () => {
      idle.look();
      owner?.look();
    },
    close: () => {
      idle.close();
      owner?.close();
      driver.end();
    },
  };
}

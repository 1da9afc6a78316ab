import { mkdirSync } from "node:fs";
import type { FileJournal } from "../sandbox/journal.ts";
import type { statePaths } from "../sandbox/state-paths.ts";
import type { LaunchRequest } from "../spec/keeper-protocol.ts";
import { type AuditLog, openAuditLog } from "./audit-log.ts";
import { type EventLog, openEventLog } from "./event-log.ts";
import type { KeeperHost } from "./keeper-host.ts";
import { type OutputLog, openOutputLog } from "./output-log.ts";

/** What one run is written to while it lasts. */
export interface RunFiles {
  readonly journal: FileJournal;
  readonly events: EventLog;
  readonly log: OutputLog;
  readonly audit: AuditLog;
}

/** Opens them all in the sandbox's state folder. What the log drops is told as an event. */
export function openRunFiles(
  host: Pick<KeeperHost, "openJournal" | "now">,
  request: LaunchRequest,
  paths: ReturnType<typeof statePaths>,
): RunFiles {
  const { outputBytes } = request.policy.limits;
  const journal = host.openJournal(paths.journal);
  const events = openEventLog(paths.events, request.metadata.agent, host.now);
  const log = openOutputLog(paths.log, host.now, {
    keptBytes: outputBytes,
    dropped: () => {
      const detail = `the log keeps the last ${outputBytes} bytes of the output; older ones are dropped`;
      events.append({ event: "limit_reached", limit: "output", detail });
    },
  });
  mkdirSync(paths.gateDir, { recursive: true, mode: 0o700 });
  const audit = openAuditLog(paths, (flush) => void setTimeout(flush, 20));
  return { journal, events, log, audit };
}

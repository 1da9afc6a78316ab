import { readJournal } from "../sandbox/read-journal.ts";
import type { statePaths } from "../sandbox/state-paths.ts";
import type { GuardedWorkspace, KeeperHost } from "./keeper-host.ts";
import type { LaunchedRun } from "./launch.ts";
import { undoSteps } from "./launch-steps.ts";
import type { RunFiles } from "./run-files.ts";

/**
 * Ends what a run started and undoes its journal's steps. Returns what it could not; never rejects for that: the first error of
 * the run is the one reported.
 */
export async function tearDown(
  host: KeeperHost,
  run: {
    launched: LaunchedRun | undefined;
    guarded: GuardedWorkspace | undefined;
    paths: ReturnType<typeof statePaths>;
    files: RunFiles;
  },
): Promise<readonly string[]> {
  const { launched, paths } = run;
  const { journal, events, log, audit } = run.files;
  const leftovers: string[] = [];
  if (launched) {
    // Else they would fail on what we have removed before them.
    await launched.prepared.leftToHand?.();
    // The sandbox first, so that nothing asks the gate any more; then the gate has a moment to tell its last decisions, while
    // what the sandbox had is taken away.
    const { sandbox } = launched.prepared;
    const stopping = sandbox.stop().catch((error: unknown) => ({ leftovers: [String(error)] }));
    await Promise.race([sandbox.gone, stopping]);
    launched.gateProcess.input.end();
    await Promise.race([launched.gate.gone, new Promise((resolve) => setTimeout(resolve, 1000))]);
    launched.gate.kill();
    leftovers.push(...(await stopping).leftovers);
  }
  await run.guarded?.close();
  audit.flush();
  const undone = await undoSteps(host, paths, readJournal(paths.journal), {
    ...journal,
    noted: (notes) => notes.forEach((note) => void events.append({ event: "workspace_guarded", ...note })),
  });
  for (const left of [...leftovers, ...undone]) log.line("keeper", `left: ${left}`);
  return [...new Set([...leftovers, ...undone])];
}

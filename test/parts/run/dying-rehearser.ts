import { homedir } from "node:os";
import { createEngineNeutralHost } from "../../../src/run/engine-neutral-host.ts";
import { createLocalKeeperHost } from "../../../src/run/local-keeper-host.ts";
import { rehearseLaunch } from "../../../src/run/rehearse-launch.ts";
import type { FileJournal } from "../../../src/sandbox/journal.ts";

// A keeper that rehearses and is killed, really, when the result of one step has reached its journal: from outside nobody is
// quick enough to be sure of the moment.
const [stateRoot = "", deadly] = process.argv.slice(2);
const place = { environment: process.env, home: homedir(), stateRoot, uid: process.getuid?.() ?? 0 };
const local = createLocalKeeperHost(place);
const mortal = (journal: FileJournal): FileJournal => ({
  ...journal,
  result: (step, data) => {
    journal.result(step, data);
    if (step === deadly) process.kill(process.pid, "SIGKILL");
  },
});
const hostAt = (root: string) => {
  const neutral = createEngineNeutralHost({ ...place, stateRoot: root });
  return { ...local, ...neutral, openJournal: (path: string) => mortal(neutral.openJournal(path)) };
};
await rehearseLaunch({ stateRoot, hostAt }, new AbortController().signal);

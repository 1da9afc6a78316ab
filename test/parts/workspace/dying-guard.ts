import { join } from "node:path";
import type { GuardHost } from "../../../src/sandbox/workspace/guard-host.ts";
import { planGuard } from "../../../src/sandbox/workspace/plan-guard.ts";
import { prepareGuard } from "../../../src/sandbox/workspace/prepare-guard.ts";
import { readWorkspaceFacts } from "../../../src/sandbox/workspace/read-workspace-facts.ts";
import { settleGuard } from "../../../src/sandbox/workspace/settle-guard.ts";
import { mortal } from "./mortal-host.ts";

// Prepares or settles a guard and is killed, really, before the act of this number.
const [what, root = "", number] = process.argv.slice(2);
const stateRoot = join(root, "state");
const guardDir = join(stateRoot, "sandboxes", "brisk-otter-1", "guard");
const host: GuardHost = mortal(Number(number), () => process.kill(process.pid, "SIGKILL")).host;
if (what === "settle") await settleGuard(host, guardDir);
else {
  const facts = await readWorkspaceFacts(host, { dir: join(root, "work"), home: join(root, "home"), stateRoot });
  await prepareGuard(host, planGuard(facts, guardDir), { intent: () => {}, result: () => {} });
}

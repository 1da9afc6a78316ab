import { writeFileSync } from "node:fs";
import type { SeccompArch } from "../seccomp/seccomp-rules.ts";
import type { DockerDefences } from "./defences.ts";
import type { DockerPlan } from "./docker-plan.ts";
import { seccompPath } from "./render-compose.ts";
import { renderSeccomp } from "./render-seccomp.ts";

/** Writes a service's system call profile beside the compose file; returns its text, or undefined where there is none. */
export function writeSeccomp(
  arch: SeccompArch,
  defences: DockerDefences,
  plan: Pick<DockerPlan, "stateDir" | "unixSockets">,
  service: "agent" | "gate",
): string | undefined {
  const rules = defences.seccomp({ unixSockets: plan.unixSockets, fixedAffinity: false });
  if (rules === undefined) return undefined;
  const text = JSON.stringify(renderSeccomp(rules, arch));
  writeFileSync(seccompPath(plan, service), text, { mode: 0o600 });
  return text;
}

import type { LaunchPlan } from "../../spec/engine.ts";
import { localFailure } from "./errors.ts";
import type { LocalHost } from "./local-host.ts";

/** Our helpers run outside: none of them may come from where an agent writes, now or in an earlier run. Throws `local_program_untrusted`. */
export function refuseUntrusted(host: LocalHost, plan: LaunchPlan): void {
  const writable = [
    ...(plan.workspace.dir === undefined ? [] : [plan.workspace.dir]),
    ...plan.mounts.filter((mount) => mount.writable).map(({ source }) => source),
  ];
  const roots = writable.map((dir) => host.files.realPath(dir) ?? dir);
  const { node: _ours, ...helpers } = host.programs;
  for (const program of Object.values(helpers)) {
    const real = host.files.realPath(program) ?? program;
    if (roots.some((root) => real.startsWith(`${root}/`))) throw localFailure("local_program_untrusted", { program });
  }
}

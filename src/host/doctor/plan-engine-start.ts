import type { MachineFacts } from "./machine-facts.ts";

/** How the system's docker engine gets to run. `daemon` is a program that goes on by itself. */
export type StartPlan =
  | { readonly kind: "nothing" }
  | { readonly kind: "command" | "daemon"; readonly argv: readonly string[] }
  | { readonly kind: "print"; readonly commandLine: string };

/** Decides, from facts alone, how the engine is started, and whether we may. */
export function planEngineStart(facts: MachineFacts, hasTerminal: boolean): StartPlan {
  const { docker, programs, isRoot, hasFreeSudo, init } = facts;
  // Where the environment names another engine, starting this one would change nothing.
  if (docker.engine !== undefined || docker.problem !== "silent" || !docker.isSystems) return { kind: "nothing" };
  const dockerd = programs.dockerd?.path;
  if (dockerd === undefined) return { kind: "nothing" };
  const start = { systemd: ["systemctl", "start", "docker"], sysv: ["service", "docker", "start"], none: [dockerd] };
  const argv = start[init];
  const kind = init === "none" ? "daemon" : "command";
  if (isRoot) return { kind, argv };
  const sudo = programs.sudo?.path;
  // What sudo starts cannot be left running from here in a way that is sure to outlive us.
  if (kind === "daemon" || sudo === undefined || !(hasFreeSudo || hasTerminal)) {
    return { kind: "print", commandLine: `sudo ${argv.join(" ")}${kind === "daemon" ? " &" : ""}` };
  }
  return { kind, argv: hasFreeSudo ? [sudo, "-n", ...argv] : [sudo, ...argv] };
}

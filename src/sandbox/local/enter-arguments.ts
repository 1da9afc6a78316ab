import { isSameProcess } from "../../host/process-identity.ts";
import { localFailure } from "./errors.ts";
import type { Holder } from "./holder.ts";

/** Namespaces that a helper can enter. */
export type EnterKind = "net" | "mount" | "pid" | "ipc" | "uts" | "cgroup";

/** Arguments of nsenter that lead into a sandbox's user namespace and the named ones. Throws when the sandbox is gone. */
export function enterArguments(holder: Pick<Holder, "init">, kinds: readonly EnterKind[]): readonly string[] {
  // The process id was the sandbox's once; entering whatever has it now could be anyone's namespaces.
  if (!isSameProcess(holder.init)) throw localFailure("local_exec_failed", { detail: "it has ended" });
  return ["--user", "--preserve-credentials", ...kinds.map((kind) => `--${kind}`), "-t", String(holder.init.pid), "--"];
}

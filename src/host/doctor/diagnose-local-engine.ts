import { diagnoseTraps } from "./diagnose-traps.ts";
import type { DoctorRow } from "./doctor-row.ts";
import type { MachineFacts } from "./machine-facts.ts";

type Verdict = Pick<DoctorRow, "state" | "detail" | "hint">;

const notReady = (detail: string, hint: string): Verdict => ({ state: "not ready", detail, hint });

/** Whether sandboxes can be started here, and which known trap it is when not: the first that explains it. */
export function diagnoseLocalEngine(facts: MachineFacts): Verdict {
  if (facts.platform === "darwin") {
    return notReady(
      "not on macOS: bubblewrap needs a Linux kernel",
      "limactl start template://debian   (a Linux machine of your own; Caisson runs in it)",
    );
  }
  if (facts.platform !== "linux") {
    return notReady(
      `not on ${facts.platform}: bubblewrap needs a Linux kernel`,
      "wsl --install   (then use Caisson there)",
    );
  }
  if (facts.wsl === 1) {
    return notReady("WSL 1 has no user namespaces", "wsl --set-version DISTRIBUTION 2   (in Windows)");
  }
  if (facts.programs.bwrap === undefined) return notReady("bubblewrap not found", "caisson doctor --fix");
  const missing = ["nsenter", "prlimit", "setsid"].filter((name) => facts.programs[name] === undefined);
  if (missing.length > 0) return notReady(`${missing.join(", ")} not found (util-linux)`, "caisson doctor --fix");
  if (!facts.seccomp)
    return notReady("this kernel has no seccomp filters", "use a kernel with CONFIG_SECCOMP_FILTER=y");
  if (facts.sandboxTrial?.ok !== true) return explainTrial(facts);
  return { state: "ready", detail: describeReady(facts) };
}

function explainTrial(facts: MachineFacts): Verdict {
  const said = facts.sandboxTrial?.ok === false ? facts.sandboxTrial.detail : "not tried";
  const trap = diagnoseTraps(facts).find((row) => row.state === "not ready");
  if (trap?.hint !== undefined) return notReady(`${trap.name} ${trap.detail}: ${said}`, trap.hint);
  if (facts.inContainer) {
    return notReady(
      `this machine is itself a container that forbids sandboxes: ${said}`,
      "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined --cap-add SYS_ADMIN …",
    );
  }
  return notReady(
    `a trial sandbox did not start: ${said}`,
    "bwrap --unshare-all --ro-bind / / true   (shows it by hand)",
  );
}

function describeReady({ programs, cgroups }: MachineFacts): string {
  const version = programs.bwrap?.version ?? "";
  const limits = cgroups.memory === undefined ? "limits without a cgroup" : `limits by cgroup ${cgroups.memory}`;
  return [`bubblewrap ${version}`.trim(), "a trial sandbox started", limits].join(" · ");
}

import type { DoctorRow } from "./doctor-row.ts";
import type { MachineFacts } from "./machine-facts.ts";

const macHint = "limactl start template://debian   (a Linux machine of your own; Caisson runs in it)";

/** A row for each thing that is known to keep sandboxes from starting somewhere. The trial of the local engine decides; these explain. */
export function diagnoseTraps(facts: MachineFacts): readonly DoctorRow[] {
  const isLinux = facts.platform === "linux";
  const row = (name: string, state: DoctorRow["state"], detail: string, hint?: string): DoctorRow => ({
    name,
    state,
    detail,
    ...(hint !== undefined && { hint }),
    isNeeded: false,
  });
  return [
    isLinux ? userNamespacesRow(facts, row) : row("user namespaces", "not tested", "not Linux"),
    isLinux ? apparmorRow(facts, row) : row("apparmor rule", "not tested", "not Linux"),
    isLinux ? limitsRow(facts, row) : row("limits", "not tested", "not Linux"),
    facts.wsl === 2
      ? row("wsl2", "found", "Linux under Windows: the trial above decides; keep projects outside /mnt, which is slow")
      : row("wsl2", "not tested", "this is not WSL"),
    facts.platform === "darwin"
      ? row("macos", "not ready", "the local engine is not available on macOS; use a Linux machine", macHint)
      : row(
          "macos",
          "not tested",
          "this is not macOS; there the local engine is not available, a Linux machine is needed",
        ),
  ];
}

type MakeRow = (name: string, state: DoctorRow["state"], detail: string, hint?: string) => DoctorRow;

function userNamespacesRow(facts: MachineFacts, row: MakeRow): DoctorRow {
  const { maxUserNamespaces, unprivilegedUserNamespaces } = facts.kernelSettings;
  const name = "user namespaces";
  if (maxUserNamespaces === 0) {
    return row(name, "not ready", "off (user.max_user_namespaces = 0)", sysctlHint("user.max_user_namespaces=15000"));
  }
  if (unprivilegedUserNamespaces === 0 && !facts.isRoot) {
    const detail = "off for ordinary users (kernel.unprivileged_userns_clone = 0)";
    return row(name, "not ready", detail, sysctlHint("kernel.unprivileged_userns_clone=1"));
  }
  return row(name, "ready", `on${maxUserNamespaces === undefined ? "" : ` (at most ${maxUserNamespaces})`}`);
}

function apparmorRow(facts: MachineFacts, row: MakeRow): DoctorRow {
  const name = "apparmor rule";
  const restricts = facts.kernelSettings.apparmorRestrictsUserNamespaces;
  if (restricts === undefined)
    return row(name, "not tested", "this kernel has no such rule (Ubuntu 23.10 and later do)");
  if (restricts === 0) return row(name, "ready", "off");
  if (facts.isRoot) return row(name, "found", "on; it does not bind root");
  if (facts.sandboxTrial?.ok === true) return row(name, "ready", "on, and bubblewrap is allowed");
  return row(name, "not ready", "on: it forbids bubblewrap user namespaces", apparmorHint);
}

// A profile for bubblewrap alone: turning the rule off would turn it off for every program.
const apparmorHint =
  "printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile bwrap /usr/bin/bwrap flags=(unconfined) {\\n  userns,\\n}\\n' | sudo tee /etc/apparmor.d/bwrap && sudo apparmor_parser -r /etc/apparmor.d/bwrap";

const sysctlHint = (setting: string) =>
  `echo ${setting} | sudo tee /etc/sysctl.d/60-caisson.conf && sudo sysctl --system`;

function limitsRow(facts: MachineFacts, row: MakeRow): DoctorRow {
  const limits = describeLimits(facts);
  const { scope } = facts;
  if (scope.kind !== "refused") return row("limits", "ready", limits);
  const isHelped = scope.lacks === "bus" && facts.programs["apt-get"] !== undefined;
  const hint = isHelped ? "sudo apt-get install dbus-user-session   (then log in again)" : undefined;
  return row("limits", "ready", `${limits} · no systemd scope, which would do better: ${scope.why}`, hint);
}

/** What would keep each limit here. */
export function describeLimits({ cgroups, isRoot, scope }: Pick<MachineFacts, "cgroups" | "isRoot" | "scope">): string {
  const group = (version: string) => `cgroup ${version}${scope.kind === "entered" ? " (systemd scope)" : ""}`;
  const means = {
    cpu: cgroups.cpu === undefined ? "a choice of processors" : group(cgroups.cpu),
    memory: cgroups.memory === undefined ? "watchdog" : group(cgroups.memory),
    processes: cgroups.processes === undefined ? (isRoot ? "watchdog" : "rlimit, watchdog") : group(cgroups.processes),
    disk: "watchdog, rlimit of each file",
  };
  const byMeans = Map.groupBy(Object.entries(means), ([, mean]) => mean);
  return [...byMeans].map(([mean, limits]) => `${limits.map(([limit]) => limit).join(", ")} by ${mean}`).join(" · ");
}

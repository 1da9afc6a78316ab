import type { MachineFacts } from "./machine-facts.ts";
import { missingPrograms, type Purpose } from "./needed-programs.ts";

/** One command of an installation, with the longest that it may take. */
export interface InstallCommand {
  readonly argv: readonly string[];
  readonly seconds: number;
  /** Whether to go on when it fails: package lists that could not be renewed may do as they are. */
  readonly mayFail: boolean;
}

/** What is to be installed and who may do it. */
export type InstallPlan =
  | { readonly kind: "nothing" }
  | { readonly kind: "install"; readonly packages: readonly string[]; readonly commands: readonly InstallCommand[] }
  | { readonly kind: "ask"; readonly packages: readonly string[]; readonly commands: readonly InstallCommand[] }
  | { readonly kind: "print"; readonly packages: readonly string[]; readonly commandLine: string };

/** Decides, from facts alone, how what is missing gets onto this machine. `ask`: sudo will want a password, so only with a person there. */
export function planInstallation(
  facts: MachineFacts,
  purpose: Purpose,
  { hasTerminal, engine }: { readonly hasTerminal: boolean; readonly engine?: string | undefined },
): InstallPlan {
  if (facts.platform !== "linux") return { kind: "nothing" };
  const packages = [...new Set(missingPrograms(facts, purpose, engine).flatMap((row) => row.packages))];
  if (packages.length === 0) return { kind: "nothing" };
  const apt = facts.programs["apt-get"]?.path;
  const sudo = facts.programs.sudo?.path;
  if (apt !== undefined && facts.isRoot) {
    return { kind: "install", packages, commands: aptCommands([apt], packages) };
  }
  if (apt !== undefined && sudo !== undefined && facts.hasFreeSudo) {
    return { kind: "install", packages, commands: aptCommands([sudo, "-n", ...quiet, apt], packages) };
  }
  if (apt !== undefined && sudo !== undefined && hasTerminal) {
    return { kind: "ask", packages, commands: aptCommands([sudo, ...quiet, apt], packages) };
  }
  return { kind: "print", packages, commandLine: commandLine(facts, packages) };
}

// sudo does not pass the environment on.
const quiet = ["env", "DEBIAN_FRONTEND=noninteractive"];

function aptCommands(apt: readonly string[], packages: readonly string[]): readonly InstallCommand[] {
  const patience = [
    "-o",
    "Dpkg::Use-Pty=0",
    "-o",
    "DPkg::Lock::Timeout=120",
    "-o",
    "Acquire::Retries=2",
    "-o",
    "Acquire::http::Timeout=30",
  ];
  return [
    { argv: [...apt, ...patience, "update"], seconds: 240, mayFail: true },
    {
      argv: [...apt, ...patience, "install", "--yes", "--no-install-recommends", ...packages],
      seconds: 600,
      mayFail: false,
    },
  ];
}

/** What to type on this distribution. */
function commandLine(facts: MachineFacts, packages: readonly string[]): string {
  const names = packages.join(" ");
  const prefix = facts.isRoot ? "" : facts.programs.sudo === undefined ? "su -c " : "sudo ";
  const line = (text: string) => (prefix === "su -c " ? `su -c "${text}"` : `${prefix}${text}`);
  if (facts.programs["apt-get"]) return line(`apt-get install --yes ${names}`);
  if (facts.programs.dnf) return line(`dnf install -y ${names}`);
  if (facts.programs.pacman) return line(`pacman -S --needed ${names}`);
  if (facts.programs.zypper) return line(`zypper install -y ${names}`);
  if (facts.programs.apk) return line(`apk add ${names}`);
  return `install, as this system does it: ${names}`;
}

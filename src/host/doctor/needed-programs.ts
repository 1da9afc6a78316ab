import type { MachineFacts } from "./machine-facts.ts";

/** What a machine is made ready for. */
export type Purpose = "run" | "tests";

/** A program that is needed, and the packages that bring it with all that it needs here. */
export interface NeededProgram {
  readonly program: string;
  readonly packages: readonly string[];
}

const needed: Readonly<Record<Purpose, readonly NeededProgram[]>> = {
  run: [
    { program: "bwrap", packages: ["bubblewrap"] },
    { program: "nsenter", packages: ["util-linux"] },
    { program: "prlimit", packages: ["util-linux"] },
    { program: "setsid", packages: ["util-linux"] },
    { program: "mount", packages: ["mount"] },
    { program: "git", packages: ["git"] },
  ],
  tests: [
    { program: "curl", packages: ["curl"] },
    { program: "python3", packages: ["python3"] },
    { program: "ip", packages: ["iproute2"] },
    { program: "openssl", packages: ["openssl"] },
    // The attacks that need system calls of their own are written in C.
    { program: "gcc", packages: ["gcc", "libc6-dev"] },
    { program: "socat", packages: ["socat"] },
    { program: "ps", packages: ["procps"] },
    { program: "script", packages: ["bsdutils"] },
    // The docker tests start an engine of their own, on a base image made of this machine's package sources.
    { program: "dockerd", packages: ["docker.io"] },
    { program: "mmdebstrap", packages: ["mmdebstrap"] },
    { program: "docker-compose", packages: ["docker-compose"] },
    // An ordinary user's own systemd, for the limits that it hands down.
    { program: "busctl", packages: ["systemd"] },
    { program: "dbus-daemon", packages: ["dbus"] },
    // A session's keyring, in which the key of the kept credentials may lie.
    { program: "gnome-keyring-daemon", packages: ["gnome-keyring"] },
  ],
};

const dockerEngine: NeededProgram = { program: "dockerd", packages: ["docker.io"] };

/**
 * What is needed and not here; the tests also need all that a run needs, and who asks for the docker engine needs one,
 * unless one answers.
 */
export function missingPrograms(
  facts: Pick<MachineFacts, "programs" | "docker">,
  purpose: Purpose,
  engine?: string,
): readonly NeededProgram[] {
  const wantsDocker = engine === "docker" && facts.docker.problem === "silent" && facts.docker.isSystems;
  const own = wantsDocker ? [...needed.run, dockerEngine] : needed.run;
  const all = purpose === "tests" ? [...own, ...needed.tests] : own;
  return all.filter(({ program }) => facts.programs[program] === undefined);
}

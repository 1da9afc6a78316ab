import type { MachineFacts } from "./machine-facts.ts";

/** What a machine is made ready for. */
export type Purpose = "run" | "tests";

/** A program that is needed, and the package that brings it. */
export interface NeededProgram {
  readonly program: string;
  readonly package: string;
}

const needed: Readonly<Record<Purpose, readonly NeededProgram[]>> = {
  run: [
    { program: "bwrap", package: "bubblewrap" },
    { program: "nsenter", package: "util-linux" },
    { program: "prlimit", package: "util-linux" },
    { program: "setsid", package: "util-linux" },
    { program: "git", package: "git" },
  ],
  tests: [
    { program: "curl", package: "curl" },
    { program: "python3", package: "python3" },
    { program: "ip", package: "iproute2" },
    { program: "openssl", package: "openssl" },
  ],
};

/** What is needed and not here; the tests also need all that a run needs. */
export function missingPrograms(facts: Pick<MachineFacts, "programs">, purpose: Purpose): readonly NeededProgram[] {
  const all = purpose === "tests" ? [...needed.run, ...needed.tests] : needed.run;
  return all.filter(({ program }) => facts.programs[program] === undefined);
}

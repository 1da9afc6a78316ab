import { failures } from "../../base/failure.ts";

/** Expected failures of the local engine. */
export const localErrors = {
  local_program_missing: {
    message: ({ program }: { program: string }) => `Cannot use the local engine: ${program} is not on PATH`,
    hint: () => "caisson doctor --fix",
    status: 503,
    exit: 4,
  },
  local_program_untrusted: {
    message: ({ program }: { program: string }) =>
      `Cannot use the local engine: ${program} lies where the agent may write`,
    hint: () => "caisson doctor --fix",
    status: 503,
    exit: 4,
  },
  local_architecture: {
    message: ({ arch }: { arch: string }) => `Cannot use the local engine: no system call filter for ${arch}`,
    hint: () => "caisson doctor",
    status: 503,
    exit: 4,
  },
  local_holder_failed: {
    message: ({ detail }: { detail: string }) => `Cannot start the sandbox: ${detail}`,
    hint: () => "caisson doctor --engine local",
    status: 500,
    exit: 6,
  },
  local_listener_failed: {
    message: ({ detail }: { detail: string }) => `Cannot open the gate's listener in the sandbox: ${detail}`,
    hint: () => "caisson doctor --engine local",
    status: 500,
    exit: 6,
  },
  local_dialer_failed: {
    message: ({ detail }: { detail: string }) => `Cannot reach the sandbox's ports from outside: ${detail}`,
    hint: () => "caisson doctor --engine local",
    status: 500,
    exit: 6,
  },
  local_exec_failed: {
    message: ({ detail }: { detail: string }) => `Cannot run a command in the sandbox: ${detail}`,
    hint: () => "caisson ls",
    status: 500,
    exit: 6,
  },
} as const;

/** Makes a failure of the local engine. */
export const localFailure = failures(localErrors);

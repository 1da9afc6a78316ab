import { failures } from "../base/failure.ts";

/** Expected failures of making a sandbox, whatever the engine. */
export const sandboxErrors = {
  sandbox_file_outside: {
    message: ({ path }: { path: string }) =>
      `Cannot put a file into the sandbox: ${path} is neither in its home nor in /run/caisson`,
    hint: () => "caisson run --dry-run",
    status: 400,
    exit: 2,
  },
} as const;

/** Makes a failure of making a sandbox. */
export const sandboxFailure = failures(sandboxErrors);

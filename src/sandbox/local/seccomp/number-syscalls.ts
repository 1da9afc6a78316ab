/** System call name to number, for one architecture. */
export type SyscallNumbers = ReadonlyMap<string, number>;

/** Reads a table written as runs: a first number, and the names that count on from it. */
export function numberSyscalls(runs: readonly (readonly [number, string])[]): SyscallNumbers {
  return new Map(
    runs.flatMap(([first, names]) =>
      names
        .trim()
        .split(/\s+/)
        .map((name, index) => [name, first + index] as const),
    ),
  );
}

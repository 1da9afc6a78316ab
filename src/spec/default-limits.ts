/** The limits of a sandbox for which nobody asked for others. Apart from the schema, so that a fast path needs no zod. */
export const defaultLimits = {
  cpus: 2,
  memoryBytes: 4 * 1024 ** 3,
  processes: 512,
  diskBytes: 10 * 1024 ** 3,
  timeoutSeconds: 4 * 3600,
  idleSeconds: 3600,
  outputBytes: 64 * 1024 ** 2,
} as const;

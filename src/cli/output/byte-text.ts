const units = ["B", "KB", "MB", "GB", "TB"] as const;

/** Bytes in their largest unit of 1024: `512 MB`, `1.5 GB`. */
export function byteText(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  return `${Math.round((bytes / 1024 ** power) * 10) / 10} ${units[power] ?? "B"}`;
}

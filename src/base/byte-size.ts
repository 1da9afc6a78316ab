const unitBytes: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Bytes of a text like `512m`, `4g`, `4GB`, `1.5GiB` (powers of 1024); undefined when it is not a size. */
export function parseByteSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text);
  if (!match) return undefined;
  const bytes = Math.round(Number(match[1]) * (unitBytes[(match[2] ?? "").toLowerCase()] ?? 0));
  return bytes > 0 ? bytes : undefined;
}

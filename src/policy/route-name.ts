/** A rule name of a host: `*.acme.example` becomes `any.acme.example`; at most 64 characters. */
export function routeNameOf(host: string): string {
  const name = host
    .replace(/^\*\./, "any.")
    .replace(/[^a-z0-9._-]/g, "-")
    .replace(/^[^a-z0-9]+/, "");
  return `${(name || "host").slice(0, 64)}`;
}

/** The name itself, or the first of `name-2`, `name-3`, ... that is not taken yet. */
export function unusedName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let n = 2; ; n++) {
    const next = `${name.slice(0, 60)}-${n}`;
    if (!taken.has(next)) return next;
  }
}

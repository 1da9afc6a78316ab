/** What is called otherwise on every machine or in every run, by name: `{ workdir: "/home/me/shop", slug: "calm-eel-1" }`. */
export type Places = Readonly<Record<string, string>>;

const mark = (name: string) => `{{caisson:${name}}}`;

/** Puts marks where a text names a place, so that a recording can be read elsewhere. The longest value wins. */
export function markPlaces(text: string, places: Places): string {
  const known = Object.entries(places)
    .filter(([, value]) => value.length > 1)
    .sort(([, a], [, b]) => b.length - a.length);
  return known.reduce(
    // Whole names only: `/home/me` is not named by `/home/me2`, nor by `/mnt/home/me`.
    (rest, [name, value]) =>
      rest.replace(new RegExp(`(?<![\\w.-])${RegExp.escape(value)}(?![\\w-])`, "g"), () => mark(name)),
    text,
  );
}

/** Puts this machine's places where the marks are. A mark whose place is not given stays. */
export function fillPlaces(text: string, places: Places): string {
  return text.replace(/\{\{caisson:([a-z-]+)\}\}/g, (whole, name: string) => places[name] ?? whole);
}

/** Applies `change` to every text in a JSON value, also to those inside of JSON that is held as text (a tool's arguments). */
export function mapTexts<T>(value: T, change: (text: string) => string): T {
  return mapValue(value, change) as T;
}

function mapValue(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return mapText(value, change);
  if (Array.isArray(value)) return value.map((inner) => mapValue(inner, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapValue(inner, change)]));
}

function mapText(text: string, change: (text: string) => string): string {
  if (/^\s*[{[]/.test(text) && change(text) !== text) {
    try {
      return JSON.stringify(mapValue(JSON.parse(text), change));
    } catch {
      // It only looked like JSON: it is a text as any other.
    }
  }
  return change(text);
}

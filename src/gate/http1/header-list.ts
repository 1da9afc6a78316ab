/** Header fields in the order received. Names are in lower case; `raw` keeps the spelling for passing on. */
export interface HeaderField {
  readonly name: string;
  readonly raw: string;
  readonly value: string;
}

const noValues: readonly string[] = [];

/** All values of one header. */
export function valuesOf(headers: readonly HeaderField[], name: string): readonly string[] {
  let found: string[] | undefined;
  for (const header of headers) {
    if (header.name !== name) continue;
    if (found) found.push(header.value);
    else found = [header.value];
  }
  return found ?? noValues;
}

/** The first value of one header. */
export function firstValue(headers: readonly HeaderField[], name: string): string | undefined {
  for (const header of headers) if (header.name === name) return header.value;
  return undefined;
}

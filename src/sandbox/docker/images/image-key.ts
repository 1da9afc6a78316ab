import { createHash } from "node:crypto";

/** What an image is made of, as far as it is ours to say. */
export interface ImageIngredients {
  readonly dockerfile: string;
  /** Files of the build's context, by their path in it. */
  readonly files: ReadonlyMap<string, string>;
  /** Id of the base image in the engine; undefined for one that is made from nothing of it. */
  readonly baseId: string;
}

/**
 * Names the content of an image: equal ingredients, equal key. Where packages came from, and how one signs in there, is
 * no ingredient.
 */
export function imageKey({ dockerfile, files, baseId }: ImageIngredients): string {
  const hash = createHash("sha256");
  const parts = [dockerfile, baseId, ...[...files].sort(([a], [b]) => (a < b ? -1 : 1)).flat()];
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 12);
}

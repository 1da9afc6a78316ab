import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildPrograms, programs } from "../../bin/build-programs.ts";
import type { Patch } from "./attack.ts";

const repository = resolve(import.meta.dirname, "../..");

/** Caisson as it is shipped: bundled from this checkout's sources, into a copy that shares nothing with it. */
export async function makeSound(root: string): Promise<string> {
  copyTo(root);
  await buildPrograms({ root, outdir: join(root, "dist"), entryPoints: programs });
  writeFileSync(join(root, "dist/.stamp"), "");
  return join(root, "bin/caisson");
}

/** A copy of Caisson in which defences can be taken out, one at a time, by a change of its source. */
export interface Variant {
  readonly launcher: string;
  /** Applies the patches until disposed. Throws when a text is not there exactly once: the defence has moved. */
  patch(patches: readonly Patch[]): Disposable;
}

/** The copy runs from source and shares nothing with the checkout but `node_modules`, which it only reads. */
export function makeVariant(root: string): Variant {
  copyTo(root);
  return {
    launcher: join(root, "bin/caisson"),
    patch(patches) {
      const originals = new Map<string, string>();
      for (const { file, find, replace } of patches) {
        const path = join(root, file);
        const text = readFileSync(path, "utf8");
        if (!originals.has(path)) originals.set(path, text);
        if (text.split(find).length !== 2) {
          throw new Error(`${file} does not hold this text exactly once, so the defence has moved:\n${find}`);
        }
        writeFileSync(
          path,
          text.replace(find, () => replace),
        );
      }
      return {
        [Symbol.dispose]() {
          for (const [path, text] of originals) writeFileSync(path, text);
        },
      };
    },
  };
}

function copyTo(root: string): void {
  mkdirSync(root, { recursive: true });
  for (const part of ["src", "bin", "package.json"]) {
    cpSync(join(repository, part), join(root, part), { recursive: true });
  }
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
}

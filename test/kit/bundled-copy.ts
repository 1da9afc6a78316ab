import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildAll, buildPrograms, programs } from "../../bin/build-programs.ts";

const root = resolve(import.meta.dirname, "../..");

/**
 * Caisson as `npm run setup` builds it, in a folder of its own: the checkout's bundles are everybody's. With another program in the
 * keeper's place, when a test names one (of `test/fixtures`).
 */
export async function makeBundledCopy(
  keeper?: string,
): Promise<Disposable & { readonly root: string; readonly launcher: string }> {
  const copy = mkdtempSync(join(tmpdir(), "caisson-built-"));
  for (const part of ["bin", "src", "package.json"]) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  await buildAll(copy);
  if (keeper !== undefined) {
    cpSync(join(root, "test/fixtures"), join(copy, "test/fixtures"), { recursive: true });
    await buildPrograms({ root: copy, outdir: join(copy, "dist"), entryPoints: { ...programs, keeper } });
  }
  return {
    root: copy,
    launcher: join(copy, "bin/caisson"),
    [Symbol.dispose]: () => rmSync(copy, { recursive: true, force: true }),
  };
}

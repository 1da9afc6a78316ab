import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { buildPrograms, bundleText, programs } from "../../bin/build-programs.ts";
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
  patch(patches: readonly Patch[]): Promise<AsyncDisposable>;
}

/** The copy runs from source and shares nothing with the checkout but `node_modules`, which it only reads. */
export function makeVariant(root: string, docker: Docker | undefined): Variant {
  copyTo(root);
  const provideGate = docker === undefined ? async () => {} : provideOwnGate(docker, root);
  return {
    launcher: join(root, "bin/caisson"),
    async patch(patches) {
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
      const restore = () => {
        for (const [path, text] of originals) writeFileSync(path, text);
      };
      await provideGate().catch((error: unknown) => {
        restore();
        throw error;
      });
      return { [Symbol.asyncDispose]: async () => restore() };
    },
  };
}

const ownGate = { repo: "caisson-gate", tag: "weakened" };

/**
 * Has the copy's runs take an image of their own for the gate. What is returned makes it anew when the gate's sources have
 * changed: the shipped one with the copy's bundle in it.
 */
function provideOwnGate(docker: Docker, root: string): () => Promise<void> {
  const names = join(root, "src/sandbox/docker/images/image-names.ts");
  const shipped = "`$" + "{imageRepository(target)}:latest`";
  const text = readFileSync(names, "utf8");
  if (text.split(shipped).length !== 2) throw new Error(`${names} does not name the latest image any more`);
  const tag = `target === "gate" ? "${ownGate.repo}:${ownGate.tag}" : ${shipped}`;
  writeFileSync(
    names,
    text.replace(shipped, () => tag),
  );
  let last: string | undefined;
  return async () => {
    const bundle = await bundleText(root, "gate");
    if (bundle === last) return;
    const archive = pack();
    archive.entry({ name: "caisson/gate.cjs", mode: 0o644 }, bundle);
    archive.finalize();
    const container = await docker.createContainer({ Image: `${ownGate.repo}:latest` });
    await container.putArchive(archive as unknown as NodeJS.ReadableStream, { path: "/" });
    await container.commit(ownGate);
    await container.remove();
    last = bundle;
  };
}

function copyTo(root: string): void {
  mkdirSync(root, { recursive: true });
  for (const part of ["src", "bin", "package.json"]) {
    cpSync(join(repository, part), join(root, part), { recursive: true });
  }
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
}

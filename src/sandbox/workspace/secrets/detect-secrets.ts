import { Worker } from "node:worker_threads";
import { entryPoint } from "../../../host/entry-point.ts";
import type { DetectorAnswer, DetectorAsk } from "./detector-main.ts";

/** What the detector said of texts, by their paths. */
export interface Detection {
  /** Path to kind of secret. */
  readonly found: ReadonlyMap<string, string>;
  /** Not judged when the time was up. */
  readonly left: readonly string[];
}

/** Shows texts to the detector, in a thread that is ended when its time is up. Never rejects. */
export async function detectSecrets(
  texts: ReadonlyMap<string, string>,
  options: { readonly milliseconds: number },
): Promise<Detection> {
  const found = new Map<string, string>();
  const left = new Set(texts.keys());
  if (left.size === 0) return { found, left: [] };
  const paths = [...texts.keys()];
  // Nothing of our environment, arguments or options is for it.
  const worker = new Worker(entryPoint("detector"), { env: {}, argv: [], stdin: false, stdout: true, stderr: true });
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, options.milliseconds);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    worker.on("message", ({ id, kind }: DetectorAnswer) => {
      const path = paths[id] ?? "";
      left.delete(path);
      if (kind !== undefined) found.set(path, kind);
      if (left.size === 0) done();
    });
    worker.on("error", done);
    worker.on("exit", done);
    for (const [id, path] of paths.entries())
      worker.postMessage({ id, path, text: texts.get(path) ?? "" } satisfies DetectorAsk);
  });
  await worker.terminate();
  return { found, left: [...left] };
}

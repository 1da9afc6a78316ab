import { once } from "node:events";
import type { Readable } from "node:stream";
import type Docker from "dockerode";
import { pack } from "tar-stream";

/** One image to be built by the engine's own builder. */
export interface ImageBuild {
  readonly dockerfile: string;
  /** Its path in the context; `Dockerfile` when not said. */
  readonly dockerfileName?: string;
  /** The context, by path; of texts, those ending in `.sh` may be run. */
  readonly files: ReadonlyMap<string, string | ContextEntry>;
  /** The last stage when not said. */
  readonly target?: string;
  readonly tags: readonly string[];
  readonly arguments: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Network of the build's steps, as docker names it; the engine's own choice when undefined. */
  readonly network?: string | undefined;
}

/** A file of a context with its mode, or a symbolic link. */
export type ContextEntry = { readonly data: Buffer; readonly mode: number } | { readonly link: string };

/** How a build ended. `output` is what the step that failed said at last. */
export type BuildOutcome =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly step: string; readonly reason: string; readonly output: string };

interface Message {
  readonly stream?: string;
  readonly error?: string;
  readonly aux?: { readonly ID?: string };
  readonly message?: string;
}

const keptLines = 25;

/**
 * Has the engine build an image and tells each line that it says. A build that fails is an outcome; an engine that does
 * not answer throws. The signal ends the build in the engine, too.
 */
export async function buildImage(
  docker: Docker,
  build: ImageBuild,
  { tell, signal }: { readonly tell: (line: string) => void; readonly signal: AbortSignal },
): Promise<BuildOutcome> {
  const answer = (await docker.buildImage(packContext(build), {
    dockerfile: nameOf(build),
    ...(build.target === undefined ? {} : { target: build.target }),
    t: build.tags as never,
    buildargs: build.arguments as never,
    labels: build.labels as never,
    ...(build.network === undefined ? {} : { networkmode: build.network }),
    rm: true,
    forcerm: true,
    abortSignal: signal,
  })) as Readable;
  const reader = new BuildReader(tell);
  const stop = () => answer.destroy(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    let rest = "";
    for await (const bytes of answer) {
      const lines = (rest + String(bytes)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) reader.read(line);
    }
    reader.read(rest);
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
  return reader.outcome();
}

/** Puts the builder's messages together into lines, and knows which step it is at. */
class BuildReader {
  readonly #tell: (line: string) => void;
  #rest = "";
  #step = "the build";
  #output: string[] = [];
  #error: string | undefined;
  #id = "";

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  read(text: string): void {
    if (text.trim() === "") return;
    const message = JSON.parse(text) as Message;
    if (message.aux?.ID !== undefined) this.#id = message.aux.ID;
    if (message.error !== undefined) this.#error = message.error;
    const lines = (this.#rest + (message.stream ?? "")).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
  }

  #take(text: string): void {
    // Of a line that was written over, what stood there last; colours are the steps' own affair.
    const line = (text.replace(/\r+$/, "").split("\r").at(-1) ?? "").replace(/\x1b\[[\d;]*m/g, "");
    if (line.trim() === "") return;
    if (/^Step \d+\/\d+ : /.test(line)) {
      this.#step = line;
      this.#output = [];
    } else if (/^ ---> |^Removing intermediate container /.test(line)) {
      // The builder's own notes, of use to nobody.
      return;
    } else {
      this.#output = [...this.#output, line].slice(-keptLines);
    }
    this.#tell(line);
  }

  outcome(): BuildOutcome {
    if (this.#rest !== "") this.#take(this.#rest);
    if (this.#error === undefined && this.#id !== "") return { ok: true, id: this.#id };
    const reason = this.#error ?? "the engine ended the build without an image";
    return { ok: false, step: this.#step, reason, output: this.#output.map((line) => `  ${line}`).join("\n") };
  }
}

const nameOf = ({ dockerfileName = "Dockerfile" }: ImageBuild) => dockerfileName;

/** The context as a tar, the same bytes each time: times and owners are no part of it. */
function packContext(build: ImageBuild): NodeJS.ReadableStream {
  const tar = pack();
  const mtime = new Date(0);
  tar.entry({ name: nameOf(build), mtime, mode: 0o644 }, build.dockerfile);
  for (const [name, entry] of build.files) {
    if (name === nameOf(build)) continue;
    if (typeof entry === "string") tar.entry({ name, mtime, mode: name.endsWith(".sh") ? 0o755 : 0o644 }, entry);
    else if ("link" in entry) tar.entry({ name, mtime, type: "symlink", linkname: entry.link });
    else tar.entry({ name, mtime, mode: entry.mode }, entry.data);
  }
  tar.finalize();
  return tar as unknown as NodeJS.ReadableStream;
}

/** Pulls an image; gives what went wrong, or undefined when it is here. */
export async function pullImage(docker: Docker, image: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = (await docker.pull(image, { abortSignal: signal })) as Readable;
    let problem: string | undefined;
    let text = "";
    answer.on("data", (bytes: Buffer) => {
      text = (text + String(bytes)).slice(-16_384);
    });
    await once(answer, "end", { signal });
    for (const line of text.split("\n")) problem = /"error":"((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? problem;
    return problem;
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error.message.replace(/^\(HTTP code \d+\) [\w ]* - /, "").trim() : String(error);
  }
}

import { existsSync } from "node:fs";
import { followLines } from "../../host/follow-lines.ts";
import { findSandbox, inspectSandbox } from "../../run/list-sandboxes.ts";
import { statePaths } from "../../sandbox/state-paths.ts";
import { defineCommand } from "../frame/command.ts";
import { flag, positiveNumber } from "../frame/option.ts";

/** `caisson logs`. */
export const logsCommand = defineCommand({
  arguments: [{ name: "<slug>", summary: "the sandbox: its slug, the beginning of it, or its label" }],
  options: {
    follow: flag("-f, --follow", "go on until the run ends"),
    events: flag("--events", "the run's events instead, one JSON object a line"),
    tail: positiveNumber("-n, --tail <lines>", "only the last so many lines"),
  },
  examples: [
    { line: "caisson logs brisk-otter", does: "what agent, gate and keeper wrote, with the time of each line" },
    { line: "caisson logs -f brisk-otter", does: "goes on while it runs; Ctrl-C stops looking, not the run" },
  ],
  exits: { 3: "no such sandbox" },
  run: async (context, { arguments: [name = ""], options }) => {
    const { output, folders } = context;
    const { slug } = findSandbox(folders.state, name).metadata;
    const paths = statePaths(folders.state, slug);
    const abort = new AbortController();
    using _interrupts = context.onInterrupt(() => abort.abort());
    const print = (line: string) => output.show(options.events ? parseJson(line) : parseLogLine(line), () => [line]);
    const file = options.events ? paths.events : paths.log;
    const isOver = () => !options.follow || inspectSandbox(folders.state, slug)?.state !== "running";
    let last: string[] | undefined = options.tail === undefined ? undefined : [];
    for (const old of options.events ? [] : rotatedFiles(file)) {
      for await (const line of followLines(old, { isOver: () => true, signal: abort.signal })) keep(line);
    }
    for await (const line of followLines(file, { isOver, signal: abort.signal, caughtUp: flush })) keep(line);
    flush();
    return 0;

    // Until the end of what is there, `--tail` only remembers; from then on each line is printed as it comes.
    function keep(line: string) {
      if (last === undefined) print(line);
      else {
        last.push(line);
        if (last.length > (options.tail ?? 0)) last.shift();
      }
    }
    function flush() {
      for (const line of last ?? []) print(line);
      last = undefined;
    }
  },
});

/** Older parts of a rotated log, oldest first. */
function rotatedFiles(file: string): readonly string[] {
  return [9, 8, 7, 6, 5, 4, 3, 2, 1].map((n) => `${file}.${n}`).filter((path) => existsSync(path));
}

function parseLogLine(line: string): object {
  const match = /^(\S+) (\S+) +\| (.*)$/.exec(line);
  return match === null ? { text: line } : { ts: match[1], source: match[2], text: match[3] };
}

function parseJson(line: string): object {
  try {
    return JSON.parse(line) as object;
  } catch {
    // Cut off by a crash.
    return { text: line };
  }
}

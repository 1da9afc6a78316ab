import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

/** Where the launcher holds its standard streams for us. */
const held = [7, 8, 9];

/** Why a caller's standard streams cannot be another process's; undefined when they can. */
export function streamProblem(pid: number): string | undefined {
  const opened: number[] = [];
  try {
    for (const stream of [0, 1, 2]) {
      const descriptor = openStream(pid, stream);
      opened.push(descriptor);
      const stats = fstatSync(descriptor);
      // Of a file, the place in it is shared by all who hold it open; opened again it would be a place of our own.
      if (!stats.isFIFO() && !stats.isCharacterDevice())
        return `standard stream ${stream} is neither terminal nor pipe`;
    }
    return isInBackground(pid) ? "it does not have its terminal" : undefined;
  } catch {
    return "a standard stream cannot be opened again"; // A socket, or somebody else's terminal.
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

/** Makes a caller's standard streams ours. Only before anything of ours has used one of them. */
export function takeStreams(pid: number): void {
  for (const stream of [0, 1, 2]) {
    closeSync(stream);
    // A new descriptor is always the lowest that is free.
    if (openStream(pid, stream) !== stream) throw new Error(`standard stream ${stream} was taken meanwhile`);
  }
  if (fstatSync(0).isFIFO()) rememberWriters(pid);
}

/** Linux tells a pipe's end only to readers that have seen a writer: one whose writers were gone when it opened waits for ever. */
function rememberWriters(pid: number): void {
  closeSync(openSync(`/proc/${pid}/fd/${held[0]}`, constants.O_WRONLY | constants.O_NONBLOCK));
}

/** Never waits for a pipe's other end, and makes no terminal ours. */
function openStream(pid: number, stream: number): number {
  const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_NOCTTY, O_NONBLOCK } = constants;
  const flags = Number.parseInt(
    /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${held[stream]}`, "latin1"))?.[1] ?? "0",
    8,
  );
  const kept = flags & (O_RDONLY | O_WRONLY | O_RDWR | O_APPEND);
  return openSync(`/proc/${pid}/fd/${held[stream]}`, kept | O_NOCTTY | O_NONBLOCK);
}

/** Whether it has a terminal that another process group has now: reading it would take what is typed for that one. */
function isInBackground(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The command name may hold spaces and brackets: fields count from behind its last one.
  const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return terminal !== "0" && foreground !== group;
}

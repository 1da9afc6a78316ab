import type { RunEvent } from "../spec/events.ts";
import type { FromKeeper } from "../spec/keeper-protocol.ts";
import { mainProcess } from "../spec/main-process.ts";
import type { ControlClient } from "./control-server.ts";

/** Bytes of the main process's last output that a late `attach` is shown. */
const scrollback = 64 * 1024;

type Stream = "stdout" | "stderr";

/** Everybody who is connected to a keeper, and what each wants to hear. */
export interface AttachedClients {
  add(client: ControlClient): void;
  remove(client: ControlClient): void;
  /** From now on it gets each event; with `output` also the main process's bytes, beginning with the last ones. */
  attach(client: ControlClient, past: readonly RunEvent[], output: boolean): void;
  tell(message: FromKeeper): void;
  tellEvent(event: RunEvent): void;
  tellOutput(stream: Stream, bytes: Buffer): void;
  /** To those who follow and keep up: the whole follows as an event. */
  tellStreamed(kind: "text" | "thought", text: string): void;
  /** Whether anybody gets the events. */
  readonly areAttached: boolean;
  /** Whether one who takes events or output has fallen behind: then the process has to wait, so that nothing piles up here. */
  readonly areBehind: boolean;
}

/** A message that carries output. */
export function outputMessage(id: string, stream: Stream, bytes: Uint8Array): FromKeeper {
  return { type: "output", id, stream, data: Buffer.from(bytes).toString("base64") };
}

/** Nobody yet. */
export function createAttachedClients(): AttachedClients {
  const wishes = new Map<ControlClient, { events: boolean; output: boolean }>();
  const recent: { stream: Stream; bytes: Buffer }[] = [];
  let recentBytes = 0;
  const who = (wanted: "events" | "output") => [...wishes].flatMap(([client, wish]) => (wish[wanted] ? [client] : []));
  return {
    add: (client) => void wishes.set(client, { events: false, output: false }),
    remove: (client) => void wishes.delete(client),
    attach(client, past, output) {
      for (const event of past) client.send({ type: "event", event });
      wishes.set(client, { events: true, output });
      if (output) for (const { stream, bytes } of recent) client.send(outputMessage(mainProcess, stream, bytes));
    },
    tell: (message) => [...wishes.keys()].forEach((client) => void client.send(message)),
    tellEvent: (event) => who("events").forEach((client) => void client.send({ type: "event", event })),
    tellOutput(stream, bytes) {
      recent.push({ stream, bytes });
      for (recentBytes += bytes.length; recentBytes > scrollback && recent.length > 1; )
        recentBytes -= recent.shift()?.bytes.length ?? 0;
      for (const client of who("output")) client.send(outputMessage(mainProcess, stream, bytes));
    },
    tellStreamed: (kind, text) =>
      who("events")
        .filter((client) => !client.slow)
        .forEach((client) => void client.send({ type: "streamed", kind, text })),
    get areAttached() {
      return who("events").length > 0;
    },
    get areBehind() {
      return who("events").some((client) => client.slow);
    },
  };
}

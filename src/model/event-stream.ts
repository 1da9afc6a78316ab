/** One server-sent event. */
export interface StreamEvent {
  readonly event?: string;
  readonly data: string;
}

/** The events of a whole event stream; comments and events without data are left out. */
export function parseEventStream(text: string): readonly StreamEvent[] {
  return text.split(/\r?\n\r?\n/).flatMap((block) => {
    const lines = block.split(/\r?\n/);
    const valuesOf = (field: string) =>
      lines
        .filter((line) => line.startsWith(`${field}:`))
        .map((line) => line.slice(field.length + 1).replace(/^ /, ""));
    const data = valuesOf("data");
    const event = valuesOf("event").at(-1);
    return data.length === 0 ? [] : [{ ...(event === undefined ? {} : { event }), data: data.join("\n") }];
  });
}

/** The stream as text again, LF only. */
export function printEventStream(events: readonly StreamEvent[]): string {
  const print = ({ event, data }: StreamEvent) => {
    const lines = data.split("\n").map((line) => `data: ${line}\n`);
    return `${event === undefined ? "" : `event: ${event}\n`}${lines.join("")}\n`;
  };
  return events.map(print).join("");
}

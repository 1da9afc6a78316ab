import type { Framing } from "./framing.ts";

/** Where a body goes. `data` gets views of the fed bytes: use or copy them at once. */
export interface BodySink {
  data(bytes: Buffer): void;
  end(): void;
}

const sizeLine = /^([0-9A-Fa-f]{1,8})$/;
const tolerantSizeLine = /^0*([0-9A-Fa-f]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
const maxLine = 256;
const maxTrailer = 8 * 1024;

/** Cuts one message body out of a byte stream. A request is read strictly; an answer may have chunk extensions. */
export class BodyReader {
  isDone = false;
  readonly #kind: Framing["kind"];
  readonly #sizeLine: RegExp;
  #left: number;
  #state: "size" | "data" | "data-end" | "trailer" = "size";
  #line = "";
  #trailerBytes = 0;

  constructor(framing: Framing, mode: "strict" | "tolerant") {
    this.#kind = framing.kind;
    this.#left = framing.kind === "length" ? framing.length : 0;
    this.#sizeLine = mode === "strict" ? sizeLine : tolerantSizeLine;
  }

  get isUntilClose(): boolean {
    return this.#kind === "close";
  }

  /** Feeds bytes from `start`; returns where the body ended or the bytes did, or -1 when the body is malformed. */
  feed(bytes: Buffer, start: number, sink: BodySink): number {
    switch (this.#kind) {
      case "none":
        this.#finish(sink);
        return start;
      case "close":
        if (start < bytes.length) sink.data(start === 0 ? bytes : bytes.subarray(start));
        return bytes.length;
      case "length":
        return this.#feedLength(bytes, start, sink);
      case "chunked":
        return this.#feedChunked(bytes, start, sink);
    }
  }

  #feedLength(bytes: Buffer, start: number, sink: BodySink): number {
    const end = Math.min(bytes.length, start + this.#left);
    this.#left -= end - start;
    if (end > start) sink.data(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
    if (this.#left === 0) this.#finish(sink);
    return end;
  }

  #feedChunked(bytes: Buffer, start: number, sink: BodySink): number {
    let at = start;
    while (at < bytes.length && !this.isDone) {
      if (this.#state === "data") {
        const end = Math.min(bytes.length, at + this.#left);
        this.#left -= end - at;
        sink.data(bytes.subarray(at, end));
        at = end;
        if (this.#left === 0) this.#state = "data-end";
        continue;
      }
      const lf = bytes.indexOf(0x0a, at);
      this.#line += bytes.toString("latin1", at, lf < 0 ? bytes.length : lf + 1);
      if (this.#line.length > maxLine + (this.#state === "trailer" ? maxTrailer : 0)) return -1;
      if (lf < 0) return bytes.length;
      at = lf + 1;
      if (!this.#line.endsWith("\r\n") || !this.#endLine(this.#line.slice(0, -2), sink)) return -1;
      this.#line = "";
    }
    return at;
  }

  #endLine(line: string, sink: BodySink): boolean {
    if (this.#state === "data-end") {
      this.#state = "size";
      return line === "";
    }
    if (this.#state === "size") {
      const match = this.#sizeLine.exec(line);
      if (!match) return false;
      this.#left = Number.parseInt(match[1] ?? "", 16);
      this.#state = this.#left === 0 ? "trailer" : "data";
      return true;
    }
    // Trailers are read and dropped: nothing that was checked in the head may be said again after the body.
    if (line === "") this.#finish(sink);
    this.#trailerBytes += line.length + 2;
    return this.#trailerBytes <= maxTrailer;
  }

  #finish(sink: BodySink): void {
    if (this.isDone) return;
    this.isDone = true;
    sink.end();
  }
}

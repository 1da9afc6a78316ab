/** Something that ends by itself when its time is up. */
export interface Timed {
  /** On the clock of `performance.now()`; Infinity while somebody else watches. */
  deadline: number;
  expire(): void;
}

/** Watches all deadlines with one timer: a timer for each request would cost more than the request. */
export class Deadlines {
  readonly #watched = new Set<Timed>();
  readonly #timer: NodeJS.Timeout;

  constructor(sweepMs: number) {
    this.#timer = setInterval(() => this.#sweep(), sweepMs);
    this.#timer.unref();
  }

  add(timed: Timed): void {
    this.#watched.add(timed);
  }

  delete(timed: Timed): void {
    this.#watched.delete(timed);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sweep(): void {
    const now = performance.now();
    for (const timed of this.#watched) if (timed.deadline <= now) timed.expire();
  }
}

const wholeBytes = 1024 ** 2;
const tailBytes = 64 * 1024;

/** Text of any length in bounded memory: all of it up to 1 MiB, past that only its first and last 64 KiB. */
export class BoundedText {
  #whole = "";
  #head = "";
  #tail = "";
  #isCut = false;

  add(text: string): void {
    if (!this.#isCut && this.#whole.length + text.length <= wholeBytes) {
      this.#whole += text;
      return;
    }
    if (!this.#isCut) {
      this.#isCut = true;
      this.#head = (this.#whole + text).slice(0, tailBytes);
      this.#tail = this.#whole;
      this.#whole = "";
    }
    this.#tail = (this.#tail + text).slice(-tailBytes);
  }

  /** The text when all of it was kept, else its first and last part. */
  take(): { readonly whole: string } | { readonly head: string; readonly tail: string } {
    const taken = this.#isCut ? { head: this.#head, tail: this.#tail } : { whole: this.#whole };
    this.#whole = this.#head = this.#tail = "";
    this.#isCut = false;
    return taken;
  }
}

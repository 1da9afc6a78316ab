/** What a caller asks of a spare. */
export interface SpareRequest {
  /** The caller's process: its standard streams, folder and environment become the spare's. */
  readonly pid: number;
  /** Caisson's folder as the caller knows it. */
  readonly root: string;
  readonly words: readonly string[];
}

/** Reads a request as it comes, field by field, each ended by a zero byte: process, folder, number of words, words. */
export function createRequestReader(): (bytes: Buffer) => { request: SpareRequest; rest: Buffer } | undefined {
  let all = Buffer.alloc(0);
  return (bytes) => {
    all = Buffer.concat([all, bytes]);
    const fields: string[] = [];
    let at = 0;
    const hasMore = () => fields.length < 3 || fields.length < 3 + Number(fields[2]);
    while (hasMore()) {
      const end = all.indexOf(0, at);
      if (end < 0) return undefined;
      fields.push(all.toString("utf8", at, end));
      at = end + 1;
    }
    const [pid, root = "", _count, ...words] = fields;
    const rest = all.subarray(at);
    all = Buffer.alloc(0);
    // A caller that was refused may have said something more, that nobody read.
    return { request: { pid: Number(/\d+$/.exec(pid ?? "")?.[0]), root, words }, rest };
  };
}

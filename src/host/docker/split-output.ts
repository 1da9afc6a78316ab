import { PassThrough, type Readable } from "node:stream";

const headerBytes = 8;
const names = { 1: "stdout", 2: "stderr" } as const;

/**
 * Takes a command's two outputs out of the one stream that the engine sends without a terminal: each piece has a header of
 * eight bytes (which output, how long). Whoever does not read one of them holds the engine back, not our memory.
 */
export function splitOutput(source: Readable): { readonly stdout: Readable; readonly stderr: Readable } {
  const outputs = { stdout: new PassThrough(), stderr: new PassThrough() };
  const all = Object.values(outputs);
  const header = Buffer.alloc(headerBytes);
  let headerFilled = 0;
  let left = 0;
  let current: PassThrough | undefined;

  const take = (bytes: Buffer): boolean => {
    let isRoomLeft = true;
    for (let at = 0; at < bytes.length; ) {
      if (left > 0 && current !== undefined) {
        const piece = bytes.subarray(at, at + left);
        isRoomLeft = current.write(piece) && isRoomLeft;
        left -= piece.length;
        at += piece.length;
        continue;
      }
      const copied = bytes.copy(header, headerFilled, at, at + headerBytes - headerFilled);
      headerFilled += copied;
      at += copied;
      if (headerFilled < headerBytes) break;
      headerFilled = 0;
      left = header.readUInt32BE(4);
      const name = names[header[0] as 1 | 2];
      if (name === undefined) throw new Error("the engine sent a stream that cannot be read");
      current = outputs[name];
    }
    return isRoomLeft;
  };
  const end = () => {
    for (const output of all) output.end();
  };
  source.on("data", (bytes: Buffer) => {
    try {
      if (take(bytes)) return;
    } catch (error) {
      source.destroy(error as Error);
      return;
    }
    source.pause();
    void Promise.all(all.filter((output) => output.writableNeedDrain).map(drained)).then(() => source.resume());
  });
  source.on("end", end);
  source.on("close", end);
  source.on("error", end);
  return outputs;
}

const drained = (output: PassThrough) =>
  new Promise<void>((resolve) => {
    const done = () => {
      output.off("drain", done);
      output.off("close", done);
      resolve();
    };
    output.on("drain", done);
    output.on("close", done);
  });

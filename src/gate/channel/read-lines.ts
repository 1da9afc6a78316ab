/** Cuts bytes into lines, in any split; a line longer than the bound is told as undefined and skipped. */
export function createLineReader(maxBytes: number, line: (text: string | undefined) => void): (bytes: Buffer) => void {
  let held: Buffer[] = [];
  let size = 0;
  let isSkipping = false;
  const finish = () => {
    if (isSkipping) line(undefined);
    else line(Buffer.concat(held).toString("utf8"));
    held = [];
    size = 0;
    isSkipping = false;
  };
  const add = (bytes: Buffer) => {
    size += bytes.length;
    if (size > maxBytes) {
      isSkipping = true;
      held = [];
    } else if (bytes.length > 0) held.push(bytes);
  };
  return (bytes) => {
    let from = 0;
    for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, from)) {
      add(bytes.subarray(from, at));
      finish();
      from = at + 1;
    }
    add(bytes.subarray(from));
  };
}

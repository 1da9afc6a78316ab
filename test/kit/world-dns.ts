import { zone } from "./world-addresses.ts";

const turn = new Map<string, number>();

/** The bytes of `203.0.113.10` or `2001:db8::10`, as a DNS answer carries them. */
function addressBytes(address: string): Buffer {
  if (!address.includes(":")) return Buffer.from(address.split(".").map(Number));
  const [text, v4] = address.includes(".")
    ? [address.slice(0, address.lastIndexOf(":") + 1), address.slice(address.lastIndexOf(":") + 1)]
    : [address, ""];
  const tail = v4 === "" ? [] : [...Buffer.from(v4.split(".").map(Number))];
  const [left = "", right = ""] = text.split("::");
  const words = (part: string) =>
    part
      .split(":")
      .filter((word) => word !== "")
      .flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255]);
  const head = words(left);
  const end = [...words(right), ...tail];
  return Buffer.from([...head, ...new Array<number>(16 - head.length - end.length).fill(0), ...end]);
}

function addressFor(name: string, wants6: boolean): string | undefined {
  const entry = Object.keys(zone).find((known) => name === known || name.endsWith(`.${known}`));
  if (entry === undefined) return undefined;
  const list = (zone[entry] ?? []).filter((address) => address.includes(":") === wants6);
  if (list.length === 0) return undefined;
  const key = `${name}/${wants6}`;
  const n = turn.get(key) ?? 0;
  turn.set(key, n + 1);
  return list[n % list.length];
}

/** Answers one DNS query from the zone (A and AAAA, time to live 0) and tells the name that was asked. Undefined = not a query. */
export function answerDns(query: Buffer): { readonly name: string; readonly reply: Buffer } | undefined {
  if (query.length < 17 || query.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length !== 0; length = query[at] ?? 0) {
    if (at + length + 1 >= query.length) return undefined;
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  const name = labels.join(".").toLowerCase();
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(12, at + 5);
  const address = type === 1 || type === 28 ? addressFor(name, type === 28) : undefined;
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(address === undefined ? 0 : 1, 6);
  if (address === undefined) return { name, reply: Buffer.concat([header, question]) };
  const bytes = addressBytes(address);
  const answer = Buffer.alloc(12);
  answer.writeUInt16BE(0xc00c, 0);
  answer.writeUInt16BE(type, 2);
  answer.writeUInt16BE(1, 4);
  answer.writeUInt16BE(bytes.length, 10);
  return { name, reply: Buffer.concat([header, question, answer, bytes]) };
}

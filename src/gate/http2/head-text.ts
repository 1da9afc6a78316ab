/** An HTTP/2 request's head as HTTP/1.1 text, for the one parser; undefined when it holds what would end a line there. */
export function headText(raw: readonly string[], isEnded: boolean): string | undefined {
  const pseudo = new Map<string, string>();
  const cookies: string[] = [];
  let fields = "";
  let hasLength = false;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const value = raw[at + 1] ?? "";
    if (/[\r\n\0]/.test(name + value)) return undefined;
    if (name.startsWith(":")) {
      if (pseudo.has(name)) return undefined;
      pseudo.set(name, value);
    } else if (name === "cookie") cookies.push(value);
    else if (name === "transfer-encoding" || name === "connection" || name === "upgrade") return undefined;
    else {
      hasLength ||= name === "content-length";
      fields += `${name}: ${value}\r\n`;
    }
  }
  const authority = pseudo.get(":authority");
  // A host header may be there as well; two that differ, like two that do not, are refused by the parser.
  const host = authority === undefined ? "" : `host: ${authority}\r\n`;
  const cookie = cookies.length > 0 ? `cookie: ${cookies.join("; ")}\r\n` : "";
  const framing = isEnded || hasLength ? "" : "transfer-encoding: chunked\r\n";
  const line = `${pseudo.get(":method")} ${pseudo.get(":path")} HTTP/1.1\r\n`;
  return `${line}${host}${fields}${cookie}${framing}`;
}

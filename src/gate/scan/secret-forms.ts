/** The ways of writing a secret that are looked for, each as plain bytes: as it is, hex, base64 and base64url. */
export function secretForms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, "utf8");
  const hex = bytes.toString("hex");
  const forms = new Set([bytes.toString("latin1"), hex, hex.toUpperCase()]);
  for (const offset of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    // Of the encoded text only what depends on the secret alone: not the part mixed with what comes before or after it.
    const start = offset === 0 ? 0 : offset === 1 ? 2 : 3;
    const end = Math.floor(((offset + bytes.length) * 8) / 6);
    const own = encoded.slice(start, end);
    forms.add(own);
    forms.add(own.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return [...forms];
}

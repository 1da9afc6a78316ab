import type { Transform } from "node:stream";

interface Coding {
  start(): Transform;
  whole(bytes: Uint8Array, options: { maxOutputLength: number }): Buffer;
}

// Most gates never see a compressed request, and the module takes its time to load: so not before the first one.
const zlib = () => process.getBuiltinModule("node:zlib");

const gzip: Coding = {
  start: () => zlib().createGunzip(),
  whole: (bytes, options) => zlib().gunzipSync(bytes, options),
};
const codings: Readonly<Record<string, Coding>> = {
  gzip,
  "x-gzip": gzip,
  deflate: { start: () => zlib().createInflate(), whole: (bytes, options) => zlib().inflateSync(bytes, options) },
  br: {
    start: () => zlib().createBrotliDecompress(),
    whole: (bytes, options) => zlib().brotliDecompressSync(bytes, options),
  },
  zstd: {
    start: () => zlib().createZstdDecompress(),
    whole: (bytes, options) => zlib().zstdDecompressSync(bytes, options),
  },
};

/** The decoder of a content coding; undefined for one that is none or not known. */
export function decoderFor(coding: string | undefined): Coding | undefined {
  const name = coding?.trim().toLowerCase() ?? "";
  // The agent chooses the name, and every object has a `constructor`.
  return Object.hasOwn(codings, name) ? codings[name] : undefined;
}

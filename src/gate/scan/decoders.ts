import type { Transform } from "node:stream";
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzipSync,
  inflateSync,
  zstdDecompressSync,
} from "node:zlib";

interface Coding {
  start(): Transform;
  whole(bytes: Uint8Array, options: { maxOutputLength: number }): Buffer;
}

const codings: Readonly<Record<string, Coding>> = {
  gzip: { start: () => createGunzip(), whole: gunzipSync },
  "x-gzip": { start: () => createGunzip(), whole: gunzipSync },
  deflate: { start: () => createInflate(), whole: inflateSync },
  br: { start: () => createBrotliDecompress(), whole: brotliDecompressSync },
  zstd: { start: () => createZstdDecompress(), whole: zstdDecompressSync },
};

/** The decoder of a content coding; undefined for one that is none or not known. */
export function decoderFor(coding: string | undefined): Coding | undefined {
  return coding === undefined ? undefined : codings[coding.trim().toLowerCase()];
}

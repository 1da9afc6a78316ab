import type { IncomingMessage, ServerResponse } from "node:http";
import { brotliCompressSync, gzipSync } from "node:zlib";

/** What a server mints, and nobody inside may ever see. */
export const mintedSecrets = {
  access: "minted-access-7f3d9e2b5a1c8640",
  refresh: "minted/refresh+42c0ffee=&%20end",
  jwt: "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImFkYUBleGFtcGxlLnRlc3QiLCJleHAiOjQxMDI0NDQ4MDB9.c2lnbmF0dXJlLXRoYXQtbWFrZXMtaXQtYS1zZWNyZXQ",
  lfs: "bWU6bWludGVkLWxmcy1wYXNzd29yZC0xMjM0NTY3OA",
  signature: "X-Sig=minted-signature-0a1b2c3d4e5f&X-Expires=900",
  cookie: "minted-session-9988776655443322",
};

const { access, refresh, jwt, lfs, signature, cookie } = mintedSecrets;
const tokens = { access_token: access, refresh_token: refresh, id_token: jwt, token_type: "Bearer", expires_in: 3600 };
const json = { "content-type": "application/json; charset=utf-8" };
const escaped = (text: string) => [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A token endpoint's ways to say its secrets; each path is one, and each was seen to give a secret away without `exchange`. */
export const mintingAnswers: Readonly<Record<string, Answer>> = {
  "/mint/plain": (_, response) => void response.writeHead(200, json).end(JSON.stringify(tokens)),
  "/mint/gzip": (_, response) =>
    void response.writeHead(200, { ...json, "content-encoding": "gzip" }).end(gzipSync(JSON.stringify(tokens))),
  "/mint/brotli": (_, response) =>
    void response.writeHead(200, { ...json, "content-encoding": "br" }).end(brotliCompressSync(JSON.stringify(tokens))),
  "/mint/coded": (_, response) =>
    void response.writeHead(200, { ...json, "content-encoding": "x-own" }).end(JSON.stringify(tokens)),
  "/mint/split": (_, response) => {
    response.writeHead(200, json);
    const pieces = JSON.stringify(tokens).match(/.{1,7}/g) ?? [];
    const next = () => {
      const piece = pieces.shift();
      if (piece === undefined) response.end();
      else response.write(piece, () => setImmediate(next));
    };
    next();
  },
  "/mint/duplicate": (_, response) =>
    void response
      .writeHead(200, json)
      .end(`{"access_token":"${access}","access_token":"harmless","token":"${access}"}`),
  "/mint/escaped": (_, response) =>
    void response.writeHead(200, json).end(`{"${escaped("access_token")}":"${escaped(access)}","note":"${access}"}`),
  "/mint/repeated": (_, response) =>
    void response
      .writeHead(200, json)
      .end(JSON.stringify({ token: access, note: `use ${access}`, [access]: 1, list: [{ deep: [access] }] })),
  "/mint/form": (_, response) =>
    void response
      .writeHead(200, { "content-type": "application/x-www-form-urlencoded" })
      .end(new URLSearchParams({ access_token: access, refresh_token: refresh, scope: "a b" }).toString()),
  "/mint/error": (_, response) =>
    void response.writeHead(400, json).end(JSON.stringify({ error: "interaction_required", access_token: access })),
  "/mint/page": (_, response) =>
    void response.writeHead(200, { "content-type": "text/html" }).end(`<script>token="${access}"</script>`),
  "/mint/broken": (_, response) => void response.writeHead(200, json).end(`{"access_token":"${access}",`),
  "/mint/lines": (_, response) =>
    void response.writeHead(200, json).end(`{"access_token":"${access}"}\n{"access_token":"${access}"}\n`),
  "/mint/bare": (_, response) => void response.writeHead(200, json).end(JSON.stringify(access)),
  "/mint/bytes": (_, response) =>
    void response.writeHead(200, json).end(Buffer.concat([Buffer.from([0xff]), Buffer.from(JSON.stringify(tokens))])),
  "/mint/long": (_, response) =>
    void response.writeHead(200, json).end(JSON.stringify({ pad: "x".repeat(2 * 1024 * 1024), access_token: access })),
  "/mint/moved": (_, response) =>
    void response.writeHead(302, { location: `https://elsewhere.example/#access_token=${access}` }).end(),
  "/mint/part": (_, response) =>
    void response.writeHead(206, { ...json, "content-range": "bytes 0-40/900" }).end(JSON.stringify({ part: access })),
  "/mint/header": (_, response) =>
    void response
      .writeHead(200, { ...json, "x-auth-token": access, link: `<https://a.example/?t=${access}>` })
      .end("{}"),
  "/mint/reason": (_, response) => void response.writeHead(200, `OK ${access}`, json).end("{}"),
  "/mint/cookie": (_, response) =>
    void response
      .writeHead(200, { ...json, "set-cookie": [`sid=${cookie}; Path=/; HttpOnly`, `junk ${cookie}`] })
      .end("{}"),
  "/mint/trailer": (request, response) => {
    // An answer without a body has no trailers.
    if (request.method === "HEAD") return void response.writeHead(200, json).end();
    response.writeHead(200, { ...json, trailer: "x-token" });
    response.write("{}");
    response.addTrailers({ "x-token": access });
    response.end();
  },
  "/mint/lfs": (_, response) =>
    void response.writeHead(200, { "content-type": "application/vnd.git-lfs+json" }).end(
      JSON.stringify({
        objects: [
          {
            oid: "abc",
            actions: {
              download: {
                href: `https://files.example/objects/abc?${signature}`,
                header: { Authorization: `Basic ${lfs}` },
              },
            },
          },
        ],
      }),
    ),
};

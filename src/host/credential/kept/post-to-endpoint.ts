import { request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";

/** An OAuth endpoint's answer. */
export interface EndpointAnswer {
  readonly status: number;
  /** The JSON object of its body; empty where it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** Something that kept an answer from coming at all; the request may have been heard. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

const timeoutMs = 30_000;
const maxBytes = 256 * 1024;

/**
 * Posts to an OAuth endpoint, as JSON or as a form, within 30 s. Follows no redirect. Plain HTTP goes to this machine alone: what is
 * sent are secrets. Throws `NoAnswer`, whose message holds nothing of what was sent.
 */
export function postToEndpoint(
  url: string,
  body: Readonly<Record<string, string>>,
  options: { readonly encoding: "json" | "form"; readonly extraCa?: string | undefined },
): Promise<EndpointAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<EndpointAnswer>();
  const fail = (reason: string) => reject(new NoAnswer(reason));
  const target = new URL(url);
  const isPlain = target.protocol === "http:";
  if (isPlain && !/^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/.test(target.hostname)) {
    fail(`${target.host} is not spoken to without TLS`);
    return promise;
  }
  const text = options.encoding === "json" ? JSON.stringify(body) : new URLSearchParams(body).toString();
  const type = options.encoding === "json" ? "application/json" : "application/x-www-form-urlencoded";
  const headers = {
    accept: "application/json",
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    "user-agent": "caisson",
  };
  const tls = options.extraCa === undefined ? {} : { ca: [...systemRoots(), options.extraCa] };
  const call = (isPlain ? requestPlain : requestTls)(target, { method: "POST", headers, agent: false, ...tls });
  const timer = setTimeout(() => call.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  call.on("response", (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) call.destroy(new Error("its answer is too long"));
      else chunks.push(chunk);
    });
    response.on("end", () => {
      if (response.complete) resolve({ status: response.statusCode ?? 0, json: parseObject(Buffer.concat(chunks)) });
      else fail("its answer was cut off");
    });
    response.on("error", (error) => fail(error.message));
  });
  call.on("error", (error: NodeJS.ErrnoException) => fail(`${target.host}: ${error.code ?? error.message}`));
  call.end(text);
  return promise.finally(() => clearTimeout(timer));
}

const systemRoots = (): readonly string[] => process.getBuiltinModule("node:tls").getCACertificates("default");

function parseObject(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(bytes.toString("utf8")) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

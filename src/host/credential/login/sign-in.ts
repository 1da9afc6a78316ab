import { createHash } from "node:crypto";
import { credentialFailure } from "../errors.ts";
import { type EndpointAnswer, NoAnswer } from "../kept/post-to-endpoint.ts";
import { readTokenAnswer, type Tokens } from "../kept/read-tokens.ts";

/** What signing in does to the world: the provider's endpoints, the person, and time. */
export interface SignInHost {
  post(url: string, body: Readonly<Record<string, string>>, encoding: "json" | "form"): Promise<EndpointAnswer>;
  /** Shows the person where to go; with `code`, what to type there. */
  show(page: { readonly url: string; readonly code?: string }): void;
  /** The code that the person copied out of their browser; undefined when they gave up. */
  askCode(): Promise<string | undefined>;
  /** 32 bytes that nobody can guess. */
  random(): Buffer;
  now(): number;
  /** Rejects when the person gave up. */
  wait(milliseconds: number): Promise<void>;
}

/** A provider's way to sign in, as its file says it. The same shape as `ProviderLogin` of `src/provider`. */
export interface SignIn {
  readonly provider: string;
  readonly clientId: string;
  readonly tokenUrl: string;
  readonly flow:
    | {
        readonly kind: "pasted code";
        readonly authorizeUrl: string;
        readonly redirectUrl: string;
        readonly scope: string;
        readonly parameters: Readonly<Record<string, string>>;
        readonly encoding: "json" | "form";
      }
    | { readonly kind: "device code"; readonly codeUrl: string; readonly scope: string }
    | {
        readonly kind: "openai device code";
        readonly codeUrl: string;
        readonly pollUrl: string;
        readonly pageUrl: string;
        readonly redirectUrl: string;
      };
}

/** A person has so long to do their part, as long as the codes live. */
const longestMs = 15 * 60_000;
const leastPollMs = 1_000;

/** Signs a person in, without a browser on this machine. Throws `login_refused` for whatever kept it from coming about. */
export async function signIn(host: SignInHost, way: SignIn): Promise<Tokens> {
  const { flow } = way;
  try {
    if (flow.kind === "pasted code") return await withPastedCode(host, way, flow);
    if (flow.kind === "device code") return await withDeviceCode(host, way, flow);
    return await withOpenaiDevice(host, way, flow);
  } catch (error) {
    if (error instanceof NoAnswer) throw refused(way, error.message);
    throw error;
  }
}

type Flow<Kind extends SignIn["flow"]["kind"]> = Extract<SignIn["flow"], { kind: Kind }>;

async function withPastedCode(host: SignInHost, way: SignIn, flow: Flow<"pasted code">): Promise<Tokens> {
  const verifier = host.random().toString("base64url");
  const state = host.random().toString("base64url");
  const page = new URL(flow.authorizeUrl);
  const parameters = {
    ...flow.parameters,
    client_id: way.clientId,
    response_type: "code",
    redirect_uri: flow.redirectUrl,
    scope: flow.scope,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state,
  };
  for (const [name, value] of Object.entries(parameters)) page.searchParams.set(name, value);
  host.show({ url: page.href });
  const pasted = readPasted((await host.askCode()) ?? "");
  if (pasted.code === "") throw refused(way, "no code was given");
  // The page shows CODE#STATE: one of another attempt is somebody else's, or a stale one.
  if (pasted.state !== undefined && pasted.state !== state) throw refused(way, "the code is of another attempt");
  return exchangeCode(host, way, {
    code: pasted.code,
    verifier,
    redirectUrl: flow.redirectUrl,
    encoding: flow.encoding,
    more: flow.encoding === "json" ? { state } : {},
  });
}

/** `CODE`, `CODE#STATE`, or the whole address that the browser ended at. */
export function readPasted(text: string): { readonly code: string; readonly state?: string } {
  const pasted = text.trim();
  if (/^https?:\/\//.test(pasted) && URL.canParse(pasted)) {
    const { searchParams } = new URL(pasted);
    const state = searchParams.get("state");
    return { code: searchParams.get("code") ?? "", ...(state !== null && { state }) };
  }
  const [code = "", state] = pasted.split("#");
  return { code, ...(state !== undefined && { state }) };
}

async function withDeviceCode(host: SignInHost, way: SignIn, flow: Flow<"device code">): Promise<Tokens> {
  const asked = await host.post(flow.codeUrl, { client_id: way.clientId, scope: flow.scope }, "form");
  const { device_code: device, user_code: code, verification_uri: url } = asked.json;
  if (typeof device !== "string" || typeof code !== "string" || typeof url !== "string")
    throw refused(way, `the code endpoint answered ${asked.status} without a code`);
  host.show({ url, code });
  let pollMs = milliseconds(asked.json.interval, 5_000);
  const until = host.now() + Math.min(longestMs, milliseconds(asked.json.expires_in, longestMs));
  const body = {
    client_id: way.clientId,
    device_code: device,
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
  };
  while (host.now() < until) {
    await host.wait(pollMs);
    const answer = await host.post(way.tokenUrl, body, "form");
    const { error } = answer.json;
    if (error === "slow_down") pollMs += 5_000;
    if (error === "slow_down" || error === "authorization_pending") continue;
    return tokensOf(host, way, answer);
  }
  throw refused(way, "the code was not used in time");
}

async function withOpenaiDevice(host: SignInHost, way: SignIn, flow: Flow<"openai device code">): Promise<Tokens> {
  const asked = await host.post(flow.codeUrl, { client_id: way.clientId }, "json");
  const { device_auth_id: device } = asked.json;
  const code = asked.json.user_code ?? asked.json.usercode;
  if (typeof device !== "string" || typeof code !== "string")
    throw refused(way, `the code endpoint answered ${asked.status} without a code`);
  host.show({ url: flow.pageUrl, code });
  const pollMs = milliseconds(asked.json.interval, 5_000);
  const until = host.now() + longestMs;
  while (host.now() < until) {
    await host.wait(pollMs);
    const answer = await host.post(flow.pollUrl, { device_auth_id: device, user_code: code }, "json");
    if (answer.status === 403 || answer.status === 404) continue;
    const { authorization_code: authorization, code_verifier: verifier } = answer.json;
    if (typeof authorization !== "string" || typeof verifier !== "string")
      throw refused(way, `the provider answered ${answer.status} without a code`);
    return exchangeCode(host, way, {
      code: authorization,
      verifier,
      redirectUrl: flow.redirectUrl,
      encoding: "form",
      more: {},
    });
  }
  throw refused(way, "the code was not used in time");
}

async function exchangeCode(
  host: SignInHost,
  way: SignIn,
  given: {
    readonly code: string;
    readonly verifier: string;
    readonly redirectUrl: string;
    readonly encoding: "json" | "form";
    readonly more: Readonly<Record<string, string>>;
  },
): Promise<Tokens> {
  const body = {
    grant_type: "authorization_code",
    client_id: way.clientId,
    code: given.code,
    redirect_uri: given.redirectUrl,
    code_verifier: given.verifier,
    ...given.more,
  };
  return tokensOf(host, way, await host.post(way.tokenUrl, body, given.encoding));
}

function tokensOf(host: SignInHost, way: SignIn, answer: EndpointAnswer): Tokens {
  const read = readTokenAnswer(answer, host.now());
  if (read.kind !== "tokens") throw refused(way, read.reason);
  return read.tokens;
}

/** Seconds, as a number or (of some) a text. */
function milliseconds(seconds: unknown, otherwise: number): number {
  const number = Number(seconds);
  return seconds !== undefined && Number.isFinite(number) && number > 0
    ? Math.max(leastPollMs, number * 1000)
    : otherwise;
}

const refused = ({ provider }: SignIn, reason: string) => credentialFailure("login_refused", { provider, reason });

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { loopback, type TestPlace } from "./test-engine.ts";

type Fields = Readonly<Record<string, string>>;

/** One request as it came. */
interface OauthRequest {
  readonly path: string;
  readonly type: string;
  readonly fields: Fields;
}

/** What an OAuth provider of the tests is to do. */
export interface OauthOptions {
  /** Of each access token. */
  readonly lifeSeconds?: number;
  /** Told of each refresh before it is answered; what it returns takes the place of the answer. */
  readonly onRefresh?: (
    count: number,
  ) => Promise<{ readonly status: number; readonly json: object } | undefined> | undefined;
  /** Device codes are pending for so many polls. */
  readonly pendingPolls?: number;
  readonly place?: TestPlace;
}

/**
 * A vendor's OAuth server, scripted: code with PKCE, device codes of both kinds, and refresh tokens that rotate. A refresh token
 * that comes a second time ends the whole login, as vendors do. Its codes and paths are those that the real CLIs ask for.
 */
export interface OauthEndpoint extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly OauthRequest[];
  readonly refreshes: readonly OauthRequest[];
  /** Every token that it ever gave, of any kind. */
  readonly given: readonly string[];
  /** What the person's browser would show for an authorize address: CODE#STATE. */
  authorize(address: string): string;
  /** An access and a refresh token that it knows. */
  mint(): { readonly access: string; readonly refresh: string };
  /** The access token that is good now. */
  readonly current: string;
}

const jwt = (claims: object) =>
  ["eyJhbGciOiJSUzI1NiJ9", Buffer.from(JSON.stringify(claims)).toString("base64url"), "c2lnbmF0dXJl"].join(".");

/** Starts one, on loopback when no place is said. */
export async function startOauthEndpoint(options: OauthOptions = {}): Promise<OauthEndpoint> {
  const requests: OauthRequest[] = [];
  const refreshes: OauthRequest[] = [];
  const given: string[] = [];
  const challenges = new Map<string, string>();
  const lifeSeconds = options.lifeSeconds ?? 3600;
  let pending = options.pendingPolls ?? 1;
  let count = 0;
  let goodRefresh: string | undefined;
  let current = "";
  const mint = () => {
    count += 1;
    const access = jwt({ jti: `access-${count}`, exp: Math.floor(Date.now() / 1000) + lifeSeconds });
    const refresh = `refresh-secret-${count}-0123456789abcdef`;
    const id = jwt({ email: "ada@example.test", "https://api.openai.com/auth": { chatgpt_account_id: "account-1" } });
    goodRefresh = refresh;
    current = access;
    given.push(access, refresh, id);
    return { access, refresh, id };
  };
  const tokens = () => {
    const { access, refresh, id } = mint();
    return {
      access_token: access,
      refresh_token: refresh,
      id_token: id,
      expires_in: lifeSeconds,
      token_type: "Bearer",
    };
  };
  const refresh = async (request: OauthRequest) => {
    refreshes.push(request);
    const instead = await options.onRefresh?.(refreshes.length);
    if (instead) return instead;
    if (request.fields.refresh_token !== goodRefresh) {
      goodRefresh = undefined;
      return { status: 400, json: { error: "invalid_grant" } };
    }
    return { status: 200, json: tokens() };
  };
  const redeem = ({ code = "", code_verifier: verifier = "" }: Fields) => {
    const challenge = challenges.get(code);
    challenges.delete(code);
    const isGood = challenge === createHash("sha256").update(verifier).digest("base64url");
    return isGood ? { status: 200, json: tokens() } : { status: 400, json: { error: "invalid_grant" } };
  };
  const answer = async (request: OauthRequest): Promise<{ readonly status: number; readonly json: object }> => {
    const { path, fields } = request;
    const isPending = pending-- > 0;
    switch (path) {
      case "/v1/oauth/token":
      case "/oauth/token":
        return fields.grant_type === "refresh_token" ? refresh(request) : redeem(fields);
      case "/api/accounts/deviceauth/usercode":
        pending = options.pendingPolls ?? 1;
        return { status: 200, json: { device_auth_id: "device-1", user_code: "ABCD-EFGH", interval: "1" } };
      case "/api/accounts/deviceauth/token": {
        if (isPending) return { status: 403, json: {} };
        const verifier = "verifier-of-the-provider";
        challenges.set("code-of-device", createHash("sha256").update(verifier).digest("base64url"));
        return {
          status: 200,
          json: { authorization_code: "code-of-device", code_verifier: verifier, code_challenge: "" },
        };
      }
      case "/login/device/code":
        pending = options.pendingPolls ?? 1;
        return {
          status: 200,
          json: {
            device_code: "device-2",
            user_code: "WXYZ-1234",
            verification_uri: "https://github.test/login/device",
            interval: 1,
            expires_in: 900,
          },
        };
      case "/login/oauth/access_token":
        if (isPending) return { status: 200, json: { error: "authorization_pending" } };
        given.push("gho_ofthescriptedgithub0123456789");
        return { status: 200, json: { access_token: "gho_ofthescriptedgithub0123456789", token_type: "bearer" } };
      default:
        return { status: 404, json: { error: "not_found" } };
    }
  };
  const server = createServer((message: IncomingMessage, response: ServerResponse) => {
    readFields(message).then(
      async (fields) => {
        const request = { path: message.url ?? "/", type: message.headers["content-type"] ?? "", fields };
        requests.push(request);
        const { status, json } = await answer(request);
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
      },
      () => response.destroy(),
    );
  });
  const place = options.place ?? loopback;
  const port = await place.listen(server);
  return {
    url: `http://${place.address}:${port}`,
    requests,
    refreshes,
    given,
    mint,
    get current() {
      return current;
    },
    authorize(address) {
      const { searchParams } = new URL(address);
      const code = `code-${challenges.size + 1}`;
      challenges.set(code, searchParams.get("code_challenge") ?? "");
      return `${code}#${searchParams.get("state")}`;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readFields(message: IncomingMessage): Promise<Fields> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  if (message.headers["content-type"]?.includes("json")) return JSON.parse(text) as Fields;
  return Object.fromEntries(new URLSearchParams(text));
}

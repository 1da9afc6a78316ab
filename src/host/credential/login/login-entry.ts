import type { KeptEntry, LoginRefresh } from "../kept/kept-entry.ts";
import { expiryOfJwt, readClaims, type Tokens } from "../kept/read-tokens.ts";

/** What is kept of a login that just came about. */
export function loginEntry(
  given: {
    readonly name: string;
    readonly provider: string;
    readonly refresh: LoginRefresh | undefined;
    readonly now: number;
  },
  tokens: Tokens,
): KeptEntry {
  const { name, provider, refresh, now } = given;
  const { account, ...rest } = tokens;
  const expiresAt = tokens.expiresAt ?? expiryOfJwt(tokens.accessToken);
  const accountId = readAccountId(tokens);
  return {
    head: {
      name,
      kind: "login",
      keptAt: new Date(now).toISOString(),
      provider,
      ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt).toISOString() }),
      ...(account !== undefined && { account }),
      ...(accountId !== undefined && { accountId }),
    },
    secret: {
      kind: "login",
      login: { ...rest, obtainedAt: now, ...(expiresAt !== undefined && { expiresAt }), ...(refresh && { refresh }) },
    },
  };
}

/** The id of the account, where the tokens are JWTs of OpenAI's. */
function readAccountId({ accessToken, idToken }: Tokens): string | undefined {
  for (const token of [idToken, accessToken]) {
    const claims = token === undefined ? undefined : readClaims(token)?.["https://api.openai.com/auth"];
    const id = (claims as { readonly chatgpt_account_id?: unknown } | undefined)?.chatgpt_account_id;
    if (typeof id === "string" && /^[\w-]{1,100}$/.test(id)) return id;
  }
  return undefined;
}

import type { Failure } from "../../../base/failure.ts";
import type { ReadCredential } from "../credential-value.ts";
import { credentialFailure } from "../errors.ts";
import type { KeptEntry, KeptHead, KeptLogin } from "./kept-entry.ts";
import type { HeldName, KeptStore } from "./kept-store.ts";
import { refreshTime } from "./login-times.ts";
import { type EndpointAnswer, NoAnswer } from "./post-to-endpoint.ts";
import { readTokenAnswer } from "./read-tokens.ts";

/** What reading a kept credential needs besides the store. */
export interface RefreshHost {
  now(): number;
  post(
    url: string,
    body: Readonly<Record<string, string>>,
    options: { readonly encoding: "json" | "form"; readonly extraCa?: string | undefined },
  ): Promise<EndpointAnswer>;
}

type LoginEntry = KeptEntry & { readonly secret: { readonly kind: "login" } };

/** After a refresh that failed nobody tries again for so long, however many sandboxes ask. */
const retryMs = 30_000;

/**
 * The value of a kept credential. A login that is due is renewed first, once for all who ask at the same time: whoever holds its
 * lock asks the provider, everybody else reads what came of it. As long as the old token is good a failure is only told
 * (`problem`); after that it throws `login_unrefreshed`.
 */
export async function readKept(host: RefreshHost, store: KeptStore, name: string): Promise<ReadCredential> {
  const entry = await store.read(name);
  if (!isLogin(entry)) return { value: entry.secret.kind === "value" ? entry.secret.value : "" };
  if (!isDue(entry, host.now())) return loginValue(host, entry);
  return store.hold(name, async (held) => {
    const current = await held.read();
    // Somebody else renewed it while we waited; or it was replaced by something else altogether.
    if (!isLogin(current)) return readKept(host, store, name);
    if (!isDue(current, host.now())) return loginValue(host, current);
    return loginValue(host, await refreshLogin(host, held, current));
  });
}

const isLogin = (entry: KeptEntry): entry is LoginEntry => entry.secret.kind === "login";

function isDue({ head, secret }: LoginEntry, now: number): boolean {
  const due = refreshTime(secret.login);
  const retryAt = head.failed === undefined ? 0 : Date.parse(head.failed.retryAt);
  return due !== undefined && now >= due && head.ended === undefined && !(now < retryAt);
}

function loginValue(host: RefreshHost, { head, secret: { login } }: LoginEntry): ReadCredential {
  const { accessToken, expiresAt } = login;
  const due = refreshTime(login);
  const isOver = expiresAt !== undefined && expiresAt <= host.now();
  const problem = problemOf(head, isOver);
  if (isOver) throw unrefreshed(head, problem ?? "its token has expired, and it came without a way to renew it");
  return {
    value: accessToken,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(due !== undefined && { refreshAt: due }),
    ...(problem !== undefined && {
      problem: unrefreshed(head, problem).message,
      hint: unrefreshed(head, problem).hint,
    }),
  };
}

const problemOf = ({ ended, failed }: KeptHead, isOver: boolean): string | undefined =>
  ended ?? failed?.reason ?? (isOver ? "its token has expired" : undefined);

const unrefreshed = ({ provider, name }: KeptHead, reason: string): Failure =>
  credentialFailure("login_unrefreshed", { provider: provider ?? name, reason });

/** Asks the provider for new tokens, and writes what came of it before anybody uses it. */
async function refreshLogin(host: RefreshHost, held: HeldName, entry: LoginEntry): Promise<LoginEntry> {
  const { head, secret } = entry;
  const { login } = secret;
  const { refresh, refreshToken = "" } = login;
  if (!refresh) return entry;
  // Written first: that the disk takes it is known before the old token is spent, and a death before the answer is on disk can
  // be told from a login that the provider ended.
  const { failed: _earlier, refreshingSince: cutOffSince, ...rest } = head;
  const asking = { ...rest, refreshingSince: new Date(host.now()).toISOString() };
  await held.write({ head: asking, secret });
  const settle = async (more: Partial<KeptHead>, renewed: KeptLogin = login): Promise<LoginEntry> => {
    const settled: LoginEntry = { head: { ...rest, ...more }, secret: { kind: "login", login: renewed } };
    await held.write(settled);
    return settled;
  };
  const later = (reason: string, more: Partial<KeptHead> = {}) =>
    settle({ failed: { reason, retryAt: new Date(host.now() + retryMs).toISOString() }, ...more });
  let answer: EndpointAnswer;
  try {
    const body = {
      grant_type: "refresh_token",
      refresh_token: refreshToken,
      client_id: refresh.clientId,
      ...(refresh.scope !== undefined && { scope: refresh.scope }),
    };
    answer = await host.post(refresh.tokenUrl, body, refresh);
  } catch (error) {
    // It may have been heard all the same: what says so stays for the next try.
    if (error instanceof NoAnswer) return later(error.message, { refreshingSince: asking.refreshingSince });
    throw error;
  }
  const read = readTokenAnswer(answer, host.now());
  if (read.kind === "failed") return later(read.reason);
  if (read.kind === "refused") {
    const lost = cutOffSince === undefined ? "" : `; a renewal was cut off at ${cutOffSince}, and its answer was lost`;
    return settle({ ended: `${read.reason}${lost}` });
  }
  const { account, ...tokens } = read.tokens;
  const renewed: KeptLogin = { ...login, ...tokens, obtainedAt: host.now() };
  if (tokens.expiresAt === undefined) delete (renewed as { expiresAt?: number }).expiresAt;
  return settle(
    {
      keptAt: new Date(host.now()).toISOString(),
      ...(renewed.expiresAt !== undefined && { expiresAt: new Date(renewed.expiresAt).toISOString() }),
      ...(account !== undefined && { account }),
    },
    renewed,
  );
}

import type { ConfigEntry } from "./config-entry.ts";

/**
 * The configuration that the agent is given: the repository's own without what is secret and without what cannot work
 * inside (signing keys, credential helpers, daemons of the host).
 */
export function seedConfig(entries: readonly ConfigEntry[]): readonly ConfigEntry[] {
  return entries.filter(({ key }) => !hostOnly.test(key) && !(isUrlKey.test(key) && hasUser(key))).map(withoutUser);
}

const hostOnly =
  /^(core\.(fsmonitor|untrackedcache|splitindex|sshcommand|askpass|editor|pager)|(commit|tag)\.gpgsign|gpg\..*|credential\..*|http\..*(extraheader|cookiefile|sslkey|sslcert|proxy)|.*(password|passwd|token|secret|smtppass|apikey))$/;
const isUrlKey = /^(url|http)\./;
const hasUser = (text: string) => /https?:\/\/[^/\s]*@/i.test(text);

const withoutUser = ({ key, value }: ConfigEntry): ConfigEntry => ({
  key,
  value: value?.replace(/(https?:\/\/)[^/\s@]*(?:@[^/\s@]*)*@/gi, "$1"),
});

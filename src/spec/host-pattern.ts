const label = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
const pattern = new RegExp(`^(?:\\*\\.)?(?:${label}\\.)*${label}$`);
// What a browser or curl takes for an address: 127.1, 0x7f.0.0.1, 2130706433.
const numericHost = /^(?:(?:0x[0-9a-f]*|\d+)\.)*(?:0x[0-9a-f]*|\d+)$/;

/** Why a text cannot be a route's host (a name in lower case, or `*.suffix`); undefined when it can. Never throws. */
export function hostPatternProblem(host: string): string | undefined {
  if (host === "" || host.length > 253) return "a host name has 1 to 253 characters";
  if (numericHost.test(host) || host.includes(":")) {
    return "an IP address cannot be a route's host: give the host name";
  }
  if (host === "*") return "every host is too wide: name the hosts";
  if (/^\*\.[^.]+$/.test(host)) return "a whole top-level domain is too wide: name the domain below it";
  if (host.slice(1).includes("*") || (host.startsWith("*") && !host.startsWith("*."))) {
    return "a wildcard stands for whole names at the start only: *.suffix";
  }
  if (!pattern.test(host)) return "a host name in lower case, or *.suffix";
  return undefined;
}

import { addresses, echoPort } from "../../kit/world-addresses.ts";
import type { Attack, Patch } from "../attack.ts";
import { loopbackPort } from "../victim.ts";

const sharedNetwork: readonly Patch[] = [
  { file: "src/sandbox/local/defences.ts", find: `    "--unshare-net",\n`, replace: "" },
];
const network = {
  breaks: "2 no way out but the gate",
  defence: "network namespace with loopback alone",
  off: { patches: sharedNetwork },
} as const;

const tcp = (name: string, target: string, port = echoPort): Attack => ({
  ...network,
  name,
  program: "tcp-direct",
  setting: { variables: { TARGET: target, PORT: String(port) } },
  evidence: { kind: "proof" },
});

/** Everything that goes to the network without asking the gate. */
export const networkAttacks: readonly Attack[] = [
  tcp("tcp-direct", addresses.site),
  tcp("tcp-direct-ipv6", addresses.site6),
  tcp("tcp-direct-link-local", `${addresses.linkLocal6}%cable`),
  tcp("tcp-direct-private", addresses.private),
  tcp("metadata-direct", addresses.metadata, 80),
  {
    ...network,
    name: "udp-direct",
    program: "udp-direct",
    setting: { variables: { TARGET: addresses.site, PORT: String(echoPort) } },
    evidence: { kind: "proof" },
  },
  {
    ...network,
    name: "udp-direct-ipv6",
    program: "udp-direct",
    setting: { variables: { TARGET: addresses.site6, PORT: String(echoPort) } },
    evidence: { kind: "proof" },
  },
  {
    ...network,
    name: "icmp-ping",
    program: "icmp-ping",
    setting: { variables: { TARGET: addresses.site } },
    evidence: { kind: "word" },
  },
  {
    ...network,
    name: "dns-direct",
    program: "dns-lookup",
    setting: { variables: { TARGET: addresses.resolver } },
    evidence: { kind: "sighting", pattern: "^dns {marker}\\.exfil\\.test$" },
  },
  {
    ...network,
    name: "dns-host-resolver",
    program: "dns-lookup",
    setting: { variables: { TARGET: "127.0.0.1" } },
    evidence: { kind: "sighting", pattern: "^dns {marker}\\.exfil\\.test$" },
  },
  {
    ...network,
    name: "host-loopback-service",
    program: "tcp-direct",
    setting: { variables: { TARGET: "127.0.0.1", PORT: String(loopbackPort) } },
    evidence: { kind: "secret" },
  },
  {
    ...network,
    // The helper that connects published ports is in the sandbox's network, and the gate's listener in the host's.
    name: "host-loopback-beside-published-port",
    program: "tcp-direct",
    setting: {
      flags: ["--publish", `0:${loopbackPort}`],
      variables: { TARGET: "127.0.0.1", PORT: String(loopbackPort) },
    },
    evidence: { kind: "secret" },
  },
  {
    ...network,
    name: "host-abstract-socket",
    program: "unix-connect",
    setting: { manifest: { unixSockets: "allow" }, variables: { TARGET: "@caisson-attack" } },
    evidence: { kind: "secret" },
  },
];

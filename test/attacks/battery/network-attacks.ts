import { addresses, echoPort } from "../../kit/world-addresses.ts";
import type { Attack, Patch } from "../attack.ts";
import { loopbackPort } from "../victim.ts";
import { hostNetwork, routedNetwork } from "./docker-words.ts";

const sharedNetwork: readonly Patch[] = [
  { file: "src/sandbox/local/defences.ts", find: `    "--unshare-net",\n`, replace: "" },
];
const network = {
  breaks: "2 no way out but the gate",
  defence: "network namespace with loopback alone",
  off: { patches: sharedNetwork },
  docker: { defence: "an internal network, no address of the host on it", off: { patches: routedNetwork } },
} as const;
/** What no network of the engine leads to, however open: only the host's own does. */
const hostAlone = { docker: { defence: "a network namespace of its own", off: { patches: hostNetwork } } } as const;

const tcp = (name: string, target: string, port = echoPort): Attack => ({
  ...network,
  ...(target.includes(":") && hostAlone),
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
    ...hostAlone,
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
    ...hostAlone,
    name: "dns-host-resolver",
    program: "dns-lookup",
    setting: { variables: { TARGET: "127.0.0.1" } },
    evidence: { kind: "sighting", pattern: "^dns {marker}\\.exfil\\.test$" },
  },
  {
    ...network,
    ...hostAlone,
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
    notOn: { docker: "no helper of ours is in the sandbox's network" },
  },
  {
    ...network,
    ...hostAlone,
    name: "host-abstract-socket",
    program: "unix-connect",
    setting: { manifest: { unixSockets: "allow" }, variables: { TARGET: "@caisson-attack" } },
    evidence: { kind: "secret" },
  },
];

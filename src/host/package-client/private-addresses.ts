import ipaddr from "ipaddr.js";

const blocks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"].map((text) => ({
  text,
  cidr: ipaddr.parseCIDR(text),
}));

/**
 * CIDRs that a route needs to reach those of the addresses that are not public: the private block that holds it, or the
 * one loopback address. Link-local and metadata addresses are never among them.
 */
export function privateAddresses(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses.flatMap(cidrOf))];
}

function cidrOf(text: string): readonly string[] {
  if (!ipaddr.isValid(text)) return [];
  const address = ipaddr.process(text);
  if (address.range() === "loopback") return [`${address.toString()}/${address.kind() === "ipv4" ? 32 : 128}`];
  const block = blocks.find(({ cidr }) => cidr[0].kind() === address.kind() && address.match(cidr));
  return block ? [block.text] : [];
}

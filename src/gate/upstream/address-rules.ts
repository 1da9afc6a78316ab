import { BlockList, isIP } from "node:net";

// Everything that is not a public address. Documentation ranges count as public: nobody is there.
const notPublic = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10", // carrier-grade NAT
  "127.0.0.0/8",
  "169.254.0.0/16", // link-local, the metadata address 169.254.169.254 among them
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.88.99.0/24", // 6to4 relays
  "192.168.0.0/16",
  "198.18.0.0/15", // benchmarks
  "224.0.0.0/4",
  "240.0.0.0/4",
  // Of IPv6 only 2000::/3 is public. The first range holds ::, ::1 and all forms with an IPv4 address inside.
  "::/8",
  "100::/8",
  "200::/7",
  "400::/6",
  "800::/5",
  "1000::/4",
  "2001::/23", // Teredo and other special uses
  "2002::/16", // 6to4
  "4000::/2",
  "8000::/1", // unique local, link-local, site-local and multicast among them
];

/** A set of addresses given as single ones and CIDRs. */
export interface AddressSet {
  has(address: string): boolean;
}

/** Reads addresses and CIDRs; returns the first text that is neither. */
export function readAddressSet(texts: readonly string[]): AddressSet | { readonly invalid: string } {
  // One list for each version: a common one would take every IPv4 address for one inside `::ffff:0:0/96`.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const text of texts) {
    const [address = "", prefixText, ...more] = text.split("/");
    const family = address.includes(":") ? "ipv6" : "ipv4";
    const bits = family === "ipv4" ? 32 : 128;
    const prefix = prefixText === undefined ? bits : Number(prefixText);
    if (address.includes("%") || more.length > 0) return { invalid: text };
    if (!/^\d{1,3}$/.test(prefixText ?? "0") || prefix > bits) return { invalid: text };
    // Not `isIP`: the first call of its pattern costs a start 6 ms; the list asks the system's own parser.
    try {
      lists[family].addSubnet(address, prefix, family);
    } catch {
      return { invalid: text };
    }
  }
  return {
    has(address) {
      const family = isIP(address) === 4 ? "ipv4" : "ipv6";
      return lists[family].check(address, family);
    },
  };
}

const known = (texts: readonly string[]): AddressSet => {
  const set = readAddressSet(texts);
  if ("invalid" in set) throw new Error(`not an address or CIDR: ${set.invalid}`);
  return set;
};

const private_ = known(notPublic);
const metadata = known(["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192"]);

/** What one dial may reach. */
export interface AddressRules {
  /** Of the route: these may be dialled although they would be refused. */
  readonly allowed: AddressSet;
  /** Of the sandbox and the machine: refused like private ones. */
  readonly forbidden: AddressSet;
}

/** Why an address may not be dialled; undefined when it may. */
export function refuseAddress(address: string, rules: AddressRules): string | undefined {
  if (isIP(address) === 0 || address.includes("%")) return "it resolves to no plain address";
  if (rules.allowed.has(address)) return undefined;
  if (metadata.has(address)) return `it resolves to the metadata address ${address}`;
  if (private_.has(address)) return `it resolves to ${address}, which is not a public address`;
  if (rules.forbidden.has(address)) return `it resolves to ${address}, which is this machine`;
  return undefined;
}

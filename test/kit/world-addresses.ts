/** Addresses of the outside world of the tests. All of them exist only inside network namespaces that we made ourselves. */
export const addresses = {
  /** The side that keeper, gate and engine run on. */
  host: "203.0.113.1",
  host6: "2001:db8::1",
  /** What routes allow. From a documentation range, which the gate takes for public. */
  site: "203.0.113.10",
  site6: "2001:db8::10",
  /** Just as public, allowed by no route. */
  attacker: "203.0.113.66",
  resolver: "203.0.113.53",
  metadata: "169.254.169.254",
  metadata6: "fd00:ec2::254",
  private: "10.11.12.13",
  lan: "192.168.77.7",
  carrier: "100.64.9.9",
  linkLocal6: "fe80::66",
} as const;

/** Port of the plain echo (TCP and UDP) on every outside address. */
export const echoPort = 7777;

/** What our name server answers: `name` and everything below it. A list is given out in turn, one answer a query. */
export const zone: Readonly<Record<string, readonly string[]>> = {
  "good.test": [addresses.site],
  "other.test": [addresses.site],
  "good6.test": [addresses.site6],
  "evil.test": [addresses.attacker],
  "exfil.test": [addresses.attacker],
  "metadata.test": [addresses.metadata],
  "metadata6.test": [addresses.metadata6],
  "private.test": [addresses.private],
  "lan.test": [addresses.lan],
  "carrier.test": [addresses.carrier],
  "loopback.test": ["127.0.0.1"],
  "host.test": [addresses.host],
  "mapped.test": [`::ffff:${addresses.private}`],
  "rebind.test": [addresses.site, addresses.private],
};

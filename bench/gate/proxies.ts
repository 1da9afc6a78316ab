import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { GateProcess } from "../../test/kit/gate-process.ts";
import type { TestCa } from "../../test/kit/test-ca.ts";

/** A running proxy: where it listens, and the processes that its work is counted in. */
export interface RunningProxy {
  readonly port: number | null;
  readonly pids: () => readonly number[];
  stop(): void;
}

/** What all proxies are started with. `pin` puts a command line on the proxies' own processor. */
export interface Ground {
  readonly folder: string;
  readonly ca: TestCa;
  readonly upstreamCa: TestCa;
  readonly upstreamPort: number;
  readonly gateMain: string;
  pin(pid: number): void;
}

export type Start = (ground: Ground) => Promise<RunningProxy>;

/** No proxy at all. */
export const startDirect: Start = async () => ({ port: null, pids: () => [], stop: () => {} });

/** The gate as a keeper runs it: fifty routes, a credential to put in and to mask, placeholders, and every decision told. */
export const startGate: Start = async (ground) => {
  const gate = new GateProcess({ main: ground.gateMain });
  gate.keep = false;
  ground.pin(gate.child.pid ?? 0);
  const { certificate, key } = ground.ca;
  const filler = Array.from({ length: 49 }, (_, n) => ({
    name: `r${n}`,
    host: n % 2 ? `*.h${n}.example` : "localhost",
    paths: [{ pattern: `/api/v${n}/**` }],
    methods: ["POST"],
  }));
  const route = {
    name: "bench",
    host: "localhost",
    ports: [ground.upstreamPort],
    allowAddresses: ["127.0.0.0/8"],
    extraCa: ground.upstreamCa.certificate,
    credential: { name: "key", inject: [{ as: "bearer" as const }] },
  };
  const credentials = ["key", "second", "third"].map((name) => ({
    name,
    placeholder: `${name}-caisson-0123456789abcdef`,
  }));
  await gate.configure({ id: "bench", routes: [...filler, route], credentials }, { ca: { certificate, key } });
  gate.send({ type: "credential", sandbox: "bench", name: "key", value: "real-value-0123456789abcdef" });
  const port = await gate.listener("bench");
  const pid = gate.child.pid ?? 0;
  return { port, pids: () => [pid], stop: () => void gate.child.kill("SIGKILL") };
};

/** mitmproxy without a script, and told not to hold large bodies whole: the least that it can do. */
export const startMitmproxy: Start = async (ground) => {
  const confdir = join(ground.folder, "mitmproxy");
  mkdirSync(confdir, { recursive: true });
  writeFileSync(join(confdir, "mitmproxy-ca.pem"), ground.ca.key + ground.ca.certificate);
  const port = 18_081;
  const args = [
    "--listen-host",
    "127.0.0.1",
    "-p",
    String(port),
    "-q",
    "--set",
    "stream_large_bodies=1m",
    "--set",
    `confdir=${confdir}`,
  ];
  const trust = ["--set", `ssl_verify_upstream_trusted_ca=${join(ground.folder, "upstream-ca.pem")}`];
  return startCommand(ground, port, ["mitmdump", ...args, ...trust]);
};

/** squid with ssl-bump: one worker, one rule, its access log on. */
export const startSquid: Start = async (ground) => {
  const folder = join(ground.folder, "squid");
  mkdirSync(folder, { recursive: true, mode: 0o777 });
  const port = 18_128;
  const certgen = "/usr/lib/squid/security_file_certgen";
  const database = join(folder, "certificates");
  execFileSync(certgen, ["-c", "-s", database, "-M", "4MB"], { stdio: "ignore" });
  writeFileSync(join(folder, "ca.pem"), ground.ca.certificate + ground.ca.key);
  const configuration = [
    `http_port 127.0.0.1:${port} ssl-bump generate-host-certificates=on dynamic_cert_mem_cache_size=4MB tls-cert=${folder}/ca.pem`,
    `sslcrtd_program ${certgen} -s ${database} -M 4MB`,
    `tls_outgoing_options cafile=${ground.folder}/upstream-ca.pem`,
    "ssl_bump bump all",
    "acl wanted dstdomain localhost",
    "http_access allow wanted",
    "http_access deny all",
    "cache deny all",
    "workers 1",
    "max_filedescriptors 8192",
    "shutdown_lifetime 0 seconds",
    `access_log stdio:${folder}/access.log`,
    `cache_log ${folder}/cache.log`,
    `pid_filename ${folder}/squid.pid`,
    `coredump_dir ${folder}`,
    // It will not run as root, and becomes this user of its package.
    ...(process.getuid?.() === 0 ? ["cache_effective_user proxy"] : []),
  ];
  writeFileSync(join(folder, "squid.conf"), `${configuration.join("\n")}\n`);
  if (process.getuid?.() === 0) execFileSync("chown", ["-R", "proxy", folder]);
  return startCommand(ground, port, ["squid", "-N", "-n", `bench${process.pid}`, "-f", join(folder, "squid.conf")]);
};

/** What is not installed of what the bench needs; empty when all is there. */
export function missingPeers(): readonly string[] {
  const has = (command: string) =>
    (process.env.PATH ?? "")
      .split(":")
      .concat("/usr/sbin")
      .some((folder) => existsSync(join(folder, command)));
  const missing = [];
  if (!has("mitmdump")) missing.push("mitmproxy (apt-get install mitmproxy)");
  if (!has("squid") || !existsSync("/usr/lib/squid/security_file_certgen")) {
    missing.push("squid with ssl-bump (apt-get install squid-openssl)");
  }
  if (!has("taskset")) missing.push("taskset (apt-get install util-linux)");
  return missing;
}

async function startCommand(
  ground: Ground,
  port: number,
  [command = "", ...args]: readonly string[],
): Promise<RunningProxy> {
  // A thousand streams are more open files than many a shell allows.
  const shell = `ulimit -n 8192 2>/dev/null; exec "$0" "$@"`;
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  const child = spawn("sh", ["-c", shell, command, ...args], { stdio: ["ignore", "ignore", "inherit"], env });
  ground.pin(child.pid ?? 0);
  await waitForPort(child, port);
  // Asked, not killed: squid leaves its shared memory behind otherwise.
  const stop = () => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), 5_000).unref();
  };
  return { port, pids: () => treeOf(child.pid ?? 0), stop };
}

async function waitForPort(child: ChildProcess, port: number): Promise<void> {
  for (let n = 0; n < 200; n++) {
    if (child.exitCode !== null) throw new Error("a peer ended before it listened");
    const isOpen = await new Promise<boolean>((done) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => done(socket.destroy() !== undefined));
      socket.once("error", () => done(false));
    });
    if (isOpen) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`nothing listens on port ${port}`);
}

function treeOf(pid: number): readonly number[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const tree = [pid];
  for (const parent of tree) tree.push(...pairs.filter(([, ppid]) => ppid === parent).map(([child]) => child ?? 0));
  return tree;
}

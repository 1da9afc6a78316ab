import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { makeTestCa } from "../test/kit/test-ca.ts";
import {
  type Ground,
  missingPeers,
  type RunningProxy,
  type Start,
  startDirect,
  startGate,
  startMitmproxy,
  startSquid,
} from "./gate/proxies.ts";

// The gate beside no proxy, squid and mitmproxy: same generator, same upstream, same machine, one run. With two processors
// or more each proxy has one of its own and the rest share the others; "per core" divides by the proxy's own CPU time, for a
// fast proxy waits for the generator.

const missing = missingPeers();
if (missing.length > 0) {
  console.error(`Cannot compare the gate: missing ${missing.join(", ")}`);
  process.exit(1);
}

const root = resolve(import.meta.dirname, "..");
execFileSync(process.execPath, [join(root, "bin/build.ts")], { stdio: "inherit" });
const folder = mkdtempSync(join(tmpdir(), "caisson-bench-"));
chmodSync(folder, 0o755);
const children: ChildProcess[] = [];
const processors = availableParallelism();
const pinTo = (cpus: string, pid: number) => {
  if (processors > 1) execFileSync("taskset", ["-a", "-p", "-c", cpus, String(pid)], { stdio: "ignore" });
};
const others = `1-${processors - 1}`;

const ca = makeTestCa("Bench CA");
const upstreamCa = makeTestCa("Upstream CA");
const leaf = upstreamCa.leaf("localhost");
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
file("upstream-ca.pem", upstreamCa.certificate);
const proxyCa = file("ca.pem", ca.certificate);

interface Row {
  readonly name: string;
  readonly perSecond: number;
  readonly perCore: number;
  readonly p50: number;
  readonly p99: number;
  readonly firstEvent: number;
  readonly megabytesPerSecond: number;
  readonly idleMegabytes: number;
  readonly streamMegabytes: number;
}

async function measure(name: string, start: Start, ground: Ground): Promise<Row> {
  const proxy = await start(ground);
  try {
    const load = <T>(task: object, hooks: Readonly<Record<string, (child: ChildProcess) => void>> = {}) =>
      runLoad<T>(
        {
          proxyPort: proxy.port,
          port: ground.upstreamPort,
          ca: proxy.port === null ? join(folder, "upstream-ca.pem") : proxyCa,
          ...task,
        },
        hooks,
      );
    const latency = await load<{ p50: number; p99: number }>({ kind: "latency", count: 2_000 });
    let cpu = 0;
    const rate = await load<{ perSecond: number; counted: number }>(
      { kind: "rate", connections: 32, seconds: 5 },
      {
        measuring: () => {
          cpu = -cpuSeconds(proxy);
        },
        measured: () => {
          cpu += cpuSeconds(proxy);
        },
      },
    );
    const first = await load<{ p50: number }>({ kind: "first-event", count: 15 });
    const download = await load<{ megabytesPerSecond: number }>({ kind: "download", megabytes: 512, seconds: 4 });
    const idle = residentMegabytes(proxy);
    let open = 0;
    const streams = await load<{ events: number }>(
      { kind: "streams", count: 1_000 },
      {
        open: (child) => {
          open = residentMegabytes(proxy);
          child.send("enough");
        },
      },
    );
    if (streams.events < 1_000)
      console.error(`${name}: only ${streams.events} of 1,000 streams showed their first event within 10 s`);
    return {
      name,
      perSecond: rate.perSecond,
      perCore: cpu > 0 ? rate.counted / cpu : Number.NaN,
      ...latency,
      firstEvent: first.p50,
      megabytesPerSecond: download.megabytesPerSecond,
      idleMegabytes: idle,
      streamMegabytes: open,
    };
  } finally {
    proxy.stop();
  }
}

function runLoad<T>(task: object, hooks: Readonly<Record<string, (child: ChildProcess) => void>>): Promise<T> {
  const child = fork(join(import.meta.dirname, "gate/load.ts"), [JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  children.push(child);
  pinTo(others, child.pid ?? 0);
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  child.on("message", (message) => hooks[String(message)]?.(child));
  return new Promise((done, fail) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
    child.once("close", (code) => {
      clearTimeout(timer);
      if (code === 0) done(JSON.parse(text) as T);
      else fail(new Error(`the load generator failed on ${JSON.stringify(task)}`));
    });
  });
}

function cpuSeconds(proxy: RunningProxy): number {
  const ticks = proxy.pids().map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, value) => sum + value, 0) / 100;
}

function residentMegabytes(proxy: RunningProxy): number {
  const sizes = proxy
    .pids()
    .map((pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0));
  return sizes.reduce((sum, size) => sum + size, 0) / 1024;
}

async function startUpstream(): Promise<number> {
  const args = [
    join(import.meta.dirname, "gate/upstream.ts"),
    file("upstream.pem", leaf.cert),
    file("upstream.key", leaf.key),
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  pinTo(others, child.pid ?? 0);
  return new Promise((done) => child.stdout?.once("data", (chunk: Buffer) => done(Number(chunk.toString()))));
}

function print(rows: readonly Row[]): void {
  const [direct] = rows;
  const gate = rows.find(({ name }) => name === "caisson");
  const number = (value: number, digits = 0) => (Number.isNaN(value) ? "-" : value.toFixed(digits)).padStart(9);
  const head = ["requests/s", "per core", "added p50", "added p99", "1st event", "MB/s", "idle MB", "+1000 str"];
  console.log(`${"".padEnd(11)}${head.map((text) => text.padStart(11)).join("")}`);
  for (const row of rows) {
    const cells = [
      number(row.perSecond),
      number(row.perCore),
      number(row.p50 - (direct?.p50 ?? 0), 2),
      number(row.p99 - (direct?.p99 ?? 0), 2),
      number(row.firstEvent, 1),
      number(row.megabytesPerSecond),
      number(row.idleMegabytes),
      number(row.streamMegabytes - row.idleMegabytes),
    ];
    console.log(`${row.name.padEnd(11)}${cells.map((text) => text.padStart(11)).join("")}`);
  }
  for (const row of rows) {
    if (!gate || row === gate || row === direct) continue;
    const times = (of: (row: Row) => number) => `${(of(gate) / of(row)).toFixed(2)}x`;
    console.log(
      `caisson is ${times(({ perSecond }) => perSecond)} ${row.name} in requests/s, ${times(({ perCore }) => perCore)} per core, ` +
        `${times(({ megabytesPerSecond }) => megabytesPerSecond)} in MB/s`,
    );
  }
  console.log("times in ms; one request at a time for p50 and p99, 32 connections for requests/s, TLS on both sides");
}

try {
  const upstreamPort = await startUpstream();
  const gateMain = join(root, "dist/gate.cjs");
  const ground: Ground = { folder, ca, upstreamCa, upstreamPort, gateMain, pin: (pid) => pinTo("0", pid) };
  const contenders: readonly (readonly [string, Start])[] = [
    ["direct", startDirect],
    ["caisson", startGate],
    ["squid", startSquid],
    ["mitmproxy", startMitmproxy],
  ];
  const only = process.argv[2]?.split(",");
  const rows: Row[] = [];
  for (const [name, start] of contenders) {
    if (!only || only.includes(name)) rows.push(await measure(name, start, ground));
  }
  print(rows);
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}

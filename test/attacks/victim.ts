import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, type ListenOptions } from "node:net";
import { join } from "node:path";
import { addresses } from "../kit/world-addresses.ts";
import type { AttackedEngine } from "./attack.ts";

/** The machine that is attacked: a person's home, secrets and services, made for the battery and gone with it. */
export interface Victim {
  readonly home: string;
  /** Compiled attack programs; mounted read-only into each sandbox. */
  readonly programs: string;
  /** What lies in files, sockets and the keyring of the host. */
  readonly secret: string;
  /** The real value of the credential that the gate injects. */
  readonly key: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** All of it lies in memory-backed file systems of the machine's own mount namespace: nothing of it outlives the machine. */
const home = "/srv/home/victim";
const programs = "/srv/programs";
export const keyName = "caisson-attack";
export const keyHead = "site-key-real-";
export const secretHead = "host-secret-";
export const loopbackPort = 7778;
/** A service of the host listens here on every address that the host has. */
export const openPort = 7779;

function compilePrograms(): void {
  const source = join(import.meta.dirname, "programs");
  mkdirSync(programs, { recursive: true });
  for (const name of readdirSync(source)) {
    const from = join(source, name);
    if (name.endsWith(".c")) {
      execFileSync("gcc", ["-O1", "-Wall", "-Wextra", "-o", join(programs, name.slice(0, -2)), from], {
        stdio: "inherit",
      });
    } else if (!name.endsWith(".h")) execFileSync("install", ["-m", "755", from, programs]);
  }
}

const listen = (options: ListenOptions, answer: string) =>
  new Promise<void>((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.end(`${answer}\n`);
    });
    server.once("error", reject);
    server.listen(options, resolve);
  });

/** A resolver on the host, as most desktops have one: it passes every question on to the outside. */
function forwardDns(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const inside = createSocket("udp4");
    inside.once("error", reject);
    inside.on("message", (query, from) => {
      const out = createSocket("udp4");
      out.once("message", (reply) => {
        inside.send(reply, from.port, from.address);
        out.close();
      });
      out.send(query, 53, addresses.resolver);
    });
    inside.bind(53, address, resolve);
  });
}

function furnishHome(secret: string): void {
  for (const folder of [".ssh", ".aws", ".config", "work"]) mkdirSync(join(home, folder), { recursive: true });
  writeFileSync(join(home, ".ssh/id_ed25519"), `${secret}\n`, { mode: 0o600 });
  writeFileSync(join(home, ".aws/credentials"), `${secret}\n`, { mode: 0o600 });
  writeFileSync(join(home, ".bashrc"), "# the person's own\n");
  writeFileSync(join(home, ".gitconfig"), "[user]\n\tname = Victim\n\temail = victim@good.test\n");
  chmodSync(home, 0o700);
  makeTemplate(join(home, "template"));
}

/** The project that each attack gets a fresh copy of: a small repository, as people have them. */
function makeTemplate(folder: string): void {
  const git = (...argv: string[]) => execFileSync("git", argv, { cwd: folder, env: { ...process.env, HOME: home } });
  mkdirSync(folder);
  writeFileSync(join(folder, "file"), "one\n");
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-q", "-m", "first");
}

/** Whom the agent is in a container of root's: what it must not get at would be its own. */
export const agentId = 1000;

function giveToAgent(): void {
  execFileSync("chown", ["-R", `${agentId}:${agentId}`, home]);
  for (const path of ["/run/docker.sock", "/run/dbus/system_bus_socket"]) chmodSync(path, 0o777);
  writeFileSync(join(home, ".gitconfig"), "[safe]\n\tdirectory = *\n", { flag: "a" });
}

/** Furnishes the machine that this process runs in. Only ever called inside a machine of `startMachine`. */
export async function furnishVictim(engine: AttackedEngine): Promise<Victim> {
  const secret = `${secretHead}${randomBytes(12).toString("hex")}`;
  const key = `${keyHead}${randomBytes(12).toString("hex")}`;
  for (const folder of ["/srv", "/run"]) execFileSync("mount", ["-t", "tmpfs", "-o", "mode=755", "none", folder]);
  mkdirSync(home, { recursive: true });
  // A desktop's own resolver is the one that Docker asks from the host's network, wherever the question came from.
  const resolver = engine === "docker" ? "127.0.0.1" : addresses.resolver;
  writeFileSync("/srv/resolv.conf", `nameserver ${resolver}\n`);
  execFileSync("mount", ["--bind", "/srv/resolv.conf", "/etc/resolv.conf"]);
  // As every common distribution sets it: ordinary users may ping.
  spawnSync("sysctl", ["-q", "-w", "net.ipv4.ping_group_range=0 2147483647"], { stdio: "inherit" });
  furnishHome(secret);
  compilePrograms();
  mkdirSync("/run/dbus");
  await listen({ host: "127.0.0.1", port: loopbackPort }, secret);
  await listen({ path: "/run/docker.sock" }, secret);
  await listen({ path: "/run/dbus/system_bus_socket" }, secret);
  await listen({ path: "\0caisson-attack" }, secret);
  await listen({ host: "::", port: openPort }, secret);
  await forwardDns(engine === "docker" ? "0.0.0.0" : "127.0.0.1");
  const environment = {
    HOME: home,
    PATH: process.env.PATH ?? "",
    LANG: "C.UTF-8",
    SITE_KEY: key,
    CAISSON_ENGINE: engine,
    // Runs a command as whoever the agent is to the kernel.
    AS_AGENT: engine === "docker" ? `setpriv --reuid=${agentId} --regid=${agentId} --clear-groups` : "",
  };
  if (engine === "docker") giveToAgent();
  return { home, programs, secret, key, environment };
}

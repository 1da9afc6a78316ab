import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Outside } from "../kit/world-machine.ts";
import type { Attack, AttackedEngine, Setting } from "./attack.ts";
import { findEvidence } from "./find-evidence.ts";
import { manifestFor } from "./manifest-for.ts";
import { agentId, keyHead, keyName, secretHead, type Victim } from "./victim.ts";

/** What one side of an attack came to. */
export interface SideResult {
  /** The program said that it began: without that, nothing was tried. */
  readonly started: boolean;
  readonly succeeded: boolean;
  /** The evidence, or what stopped it, in one line. */
  readonly what: string;
  readonly output: string;
}

export interface Side {
  readonly attack: Attack;
  readonly name: "without" | "with";
  readonly launcher: string;
  readonly setting: Setting;
  readonly marker: string;
}

/** Where attacks are run. */
export interface AttackedMachine {
  readonly engine: AttackedEngine;
  readonly victim: Victim;
  readonly outside: Outside;
}

const run = promisify(execFile);
const secondsForOneRun = 100;

const removeOwn = `docker rm -fv $(docker ps -aq --filter label=attack=$MARKER)
  docker network rm $(docker network ls -q --filter label=attack=$MARKER)`;

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

function runProgram(side: Side, victim: Victim, folder: string, workspace: string): Promise<string> {
  const words = ["run", "--manifest", join(folder, "caisson.yaml"), "--dir", workspace, ...(side.setting.flags ?? [])];
  const caisson = [side.launcher, ...words, "--", "sh", "-c", `PATH=/opt/attack:$PATH; ${side.attack.program}`];
  // The person's session has a keyring with a key in it, as a desktop's has.
  const { shell } = side.setting;
  const started =
    shell === undefined
      ? caisson
      : ["bash", "-c", `${shell.replaceAll("{home}", victim.home)}; exec "$@"`, "bash", ...caisson];
  const argv = [join(victim.programs, "with-key"), keyName, victim.secret, ...started];
  const { terminal } = side.setting;
  const typed = `stty cols 80 rows 24; ${argv.map(quote).join(" ")}${terminal === "output" ? " </dev/null" : ""}`;
  const [command = "", ...rest] = terminal === undefined ? argv : ["script", "-qec", typed, "/dev/null"];
  const child = spawn(command, rest, {
    cwd: workspace,
    env: victim.environment,
    stdio: ["pipe", "pipe", "pipe"],
    timeout: secondsForOneRun * 1000,
    killSignal: "SIGKILL",
  });
  // At a terminal the person is still there; else there is nothing to read.
  if (terminal === undefined) child.stdin.end();
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => {
      output += bytes.toString();
      if (/ATTACK-(SUCCEEDED|BLOCKED)/.test(output)) child.stdin.end();
    });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve(output));
  });
}

/** What the host does while the attack goes on. */
function startMeanwhile(script: string, cwd: string, env: NodeJS.ProcessEnv): Disposable {
  const child = spawn("sh", ["-c", script], { cwd, env, stdio: ["ignore", "ignore", "inherit"] });
  return { [Symbol.dispose]: () => void child.kill("SIGKILL") };
}

/** A service of the host in the workspace, as a database or an agent socket often is. */
async function serveSecret(path: string, secret: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.end(`${secret}\n`);
  });
  server.listen(path);
  await once(server, "listening");
  return { [Symbol.asyncDispose]: async () => void server.close() };
}

/** Runs one attack once, in a fresh workspace, and judges by what was seen outside the sandbox wherever there is something to see. */
export async function runSide(side: Side, machine: AttackedMachine): Promise<SideResult> {
  const { victim, outside } = machine;
  const folder = join(victim.home, "work", `${side.attack.name}-${side.name}`);
  const workspace = join(folder, "project");
  mkdirSync(folder, { recursive: true });
  cpSync(join(victim.home, "template"), workspace, { recursive: true, verbatimSymlinks: true });
  writeFileSync(join(folder, "outside.pem"), outside.certificate);
  writeFileSync(join(folder, "caisson.yaml"), JSON.stringify(manifestFor(side, workspace, victim)));
  const environment = { ...victim.environment, MARKER: side.marker, SECRET: victim.secret };
  // Not the synchronous call: some of the host's services are our own.
  if (side.setting.prepare !== undefined) {
    const options = { cwd: workspace, env: environment, timeout: 60_000 };
    await run("sh", ["-ec", side.setting.prepare], options).catch((cause: unknown) => {
      throw new Error(`cannot prepare ${side.attack.name}`, { cause });
    });
  }
  const socket = side.setting.hostSocket;
  await using _service = socket === undefined ? undefined : await serveSecret(join(workspace, socket), victim.secret);
  if (machine.engine === "docker") execFileSync("chown", ["-R", `${agentId}:${agentId}`, workspace]);
  if (machine.engine === "docker" && socket !== undefined) chmodSync(join(workspace, socket), 0o777);
  const { meanwhile } = side.setting;
  using _meanwhile = meanwhile === undefined ? undefined : startMeanwhile(meanwhile, workspace, environment);
  const output = await runProgram(side, victim, folder, workspace);
  const evidence = await findEvidence(side, output, outside, { victim, workspace });
  const stopped = /ATTACK-BLOCKED (.*)/.exec(output)?.[1];
  // What the host itself started for the attack, beside the sandbox.
  if (machine.engine === "docker") await run("sh", ["-c", removeOwn], { env: environment }).catch(() => {});
  rmSync(folder, { recursive: true, force: true });
  return {
    started: output.includes("ATTACK-STARTED"),
    succeeded: evidence !== undefined,
    what: (evidence ?? stopped ?? (output.includes("ATTACK-SUCCEEDED") ? "without effect" : "it was ended"))
      .replaceAll(/\s+/g, " ")
      .slice(0, 160),
    output: output.replaceAll(victim.key, `${keyHead}…`).replaceAll(victim.secret, `${secretHead}…`),
  };
}

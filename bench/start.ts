// How long `caisson --help` takes beside `node -e 0`, the least that any program on Node takes. With hyperfine where it is.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const caisson = resolve(import.meta.dirname, "../bin/caisson");
const runs = 40;
const commands: Readonly<Record<string, readonly string[]>> = {
  "node -e 0": [process.execPath, "-e", "0"],
  "caisson --help": [caisson, "--help"],
  "caisson ls": [caisson, "ls"],
};

const folder = mkdtempSync(join(tmpdir(), "caisson-bench-"));
const environment = { ...process.env, XDG_STATE_HOME: folder };
const hasHyperfine = spawnSync("hyperfine", ["--version"]).status === 0;
const measured = Object.entries(commands).map(([name, argv]) => ({
  name,
  ...(hasHyperfine ? measureByHyperfine(argv) : measureByLoop(argv)),
}));
rmSync(folder, { recursive: true });

const least = measured[0]?.median ?? 1;
console.log(`${runs} runs each, ${hasHyperfine ? "hyperfine" : "own loop"}, node ${process.versions.node}\n`);
console.log("command           median ms   min ms   beside node -e 0");
for (const { name, median, min } of measured) {
  const ratio = `${(median / least).toFixed(2)} x  (+${(median - least).toFixed(1)} ms)`;
  console.log(`${name.padEnd(16)} ${median.toFixed(1).padStart(10)} ${min.toFixed(1).padStart(8)}   ${ratio}`);
}

interface Times {
  readonly median: number;
  readonly min: number;
}

function measureByHyperfine(argv: readonly string[]): Times {
  const file = join(folder, "result.json");
  const quoted = argv.map((word) => `'${word}'`).join(" ");
  const args = ["-N", "--warmup", "5", "--runs", `${runs}`, "--style", "none", "--export-json", file, quoted];
  const { status, stderr } = spawnSync("hyperfine", args, { env: environment, encoding: "utf8" });
  if (status !== 0) throw new Error(`hyperfine failed: ${stderr}`);
  const { results } = JSON.parse(readFileSync(file, "utf8")) as { results: readonly [Times] };
  return { median: results[0].median * 1000, min: results[0].min * 1000 };
}

function measureByLoop([file = "", ...args]: readonly string[]): Times {
  const times: number[] = [];
  for (let run = -5; run < runs; run++) {
    const started = process.hrtime.bigint();
    const { status } = spawnSync(file, args, { env: environment, stdio: "ignore" });
    if (status !== 0) throw new Error(`${file} ended with ${status}`);
    // The first few only warm the caches.
    if (run >= 0) times.push(Number(process.hrtime.bigint() - started) / 1e6);
  }
  times.sort((a, b) => a - b);
  return { median: times[runs / 2] ?? 0, min: times[0] ?? 0 };
}

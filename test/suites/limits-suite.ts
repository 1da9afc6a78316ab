import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TestCli } from "../kit/cli.ts";
import { freshMarker, processesSaying } from "../kit/processes-saying.ts";
import type { TestEngine } from "../kit/test-engine.ts";

function limited(cli: TestCli, limits: string): readonly string[] {
  const file = join(cli.home, "limits.yaml");
  writeFileSync(file, `limits: { ${limits} }\n`);
  return ["--manifest", file];
}

async function limitsReached(cli: TestCli): Promise<readonly string[]> {
  const [slug = ""] = readdirSync(join(cli.stateRoot, "sandboxes"));
  const events = (await cli.run(["logs", "--events", "--json", slug])).jsonLines<{ event: string; limit: string }>();
  return events.filter(({ event }) => event === "limit_reached").map(({ limit }) => limit);
}

/** How many processors' time the kernel gives a process at most: by quotas of its groups, or because it may use no more. */
function processorsOf(pid: number): { readonly quota: number; readonly allowed: number } {
  const read = (file: string) => {
    try {
      return readFileSync(file, "utf8").trim();
    } catch {
      return "";
    }
  };
  const quotas = read(`/proc/${pid}/cgroup`)
    .split("\n")
    .flatMap((line) => {
      const [, controllers = "", path = ""] = line.split(":");
      const names = controllers.split(",");
      if (controllers !== "" && !names.includes("cpu")) return [];
      const folders = path.split("/").filter(Boolean);
      const tops = controllers === "" ? ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] : ["/sys/fs/cgroup/cpu"];
      const groups = tops.flatMap((top) => folders.map((_, n) => join(top, ...folders.slice(0, n + 1))));
      return groups.flatMap((group) => {
        const [max, period] = read(`${group}/cpu.max`).split(" ");
        const v1 = [read(`${group}/cpu.cfs_quota_us`), read(`${group}/cpu.cfs_period_us`)];
        return [Number(max) / Number(period), Number(v1[0]) / Number(v1[1])].filter((share) => share > 0);
      });
    });
  const mask = /^Cpus_allowed:\s*([0-9a-f,]+)$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? "";
  const bits = [...mask.replaceAll(",", "")].flatMap((digit) => [...Number.parseInt(digit, 16).toString(2)]);
  return { quota: Math.min(...quotas), allowed: bits.filter((bit) => bit === "1").length };
}

/** What a sandbox may use up, and what an agent is, on any engine. */
export const describeLimits = (engine: TestEngine) =>
  describe(`limits and rights, ${engine.name}`, () => {
    it("must-have 11: a fork bomb stays inside its number of processes, and ends with its sandbox", async () => {
      await using cli = engine.createCli();
      const marker = freshMarker();
      // Not a shell's: bash waits longer and longer before it tries again.
      const bomb = [
        "import os, time",
        "for _ in range(300):",
        "  try: child = os.fork()",
        "  except OSError: continue",
        `  if child == 0: time.sleep(600); os._exit(0) # ${marker}`,
        "print('bombed', flush=True); time.sleep(600)",
      ].join("\n");
      const flags = limited(cli, "processes: 64");
      const running = cli.start(["run", ...flags, "--", "sh", "-c", 'python3 -c "$0"', bomb]);
      // As seen from outside, where nobody inside can lie about it. A watchdog may end it first.
      let most = 0;
      const count = () => {
        most = Math.max(most, processesSaying(marker).length);
      };
      const timer = setInterval(count, 20);
      await Promise.race([running.seen("bombed").catch(() => {}), running.ended]);
      clearInterval(timer);
      // They stay until they are ended: the last look sees them all, however seldom there was time for one.
      count();
      expect(most).toBeGreaterThan(10);
      expect(most).toBeLessThanOrEqual(64 + 4);
      running.kill("SIGINT");
      await running.ended;
      expect(processesSaying(marker)).toEqual([]);
    });

    it("must-have 11: memory over its limit ends what took it, and the person is told", async () => {
      await using cli = engine.createCli();
      const script = `python3 -c "x = b'x' * 100 * 1024 ** 2; print('had a little')"; python3 -c "x = b'x' * 1024 ** 3; print('had it')"`;
      const result = await cli.run(["run", ...limited(cli, "memory: 256m"), "--", "sh", "-c", script]);
      expect(result.stdout, result.stderr).toBe("had a little\n");
      expect(result.exitCode).not.toBe(0);
      expect(await limitsReached(cli)).toContain("memory");
    });

    it("must-have 11: disk over its limit ends the run, wherever it was written", async () => {
      await using cli = engine.createCli();
      const script =
        "for i in $(seq 60); do head -c 15000000 /dev/zero > $HOME/f$i; head -c 15000000 /dev/zero > f$i; sleep 0.1; done; echo all";
      const result = await cli.run(["run", ...limited(cli, "disk: 64m"), "--", "sh", "-c", script]);
      expect(result.stdout).not.toContain("all");
      expect(result.stderr).toContain("disk");
      expect(result.exitCode).not.toBe(0);
      expect(await limitsReached(cli)).toContain("disk");
    });

    it("must-have 11: processors are limited by the kernel", async () => {
      await using cli = engine.createCli();
      const marker = freshMarker();
      const running = cli.start(["run", ...limited(cli, "cpus: 0.5"), "--", "sh", "-c", `sleep 600; : ${marker}`]);
      const agent = () => Math.max(0, ...processesSaying(marker, /^sh$/));
      await expect.poll(agent, { timeout: 30_000 }).toBeGreaterThan(0);
      const { quota, allowed } = processorsOf(agent());
      // Where no group can be made, fewer processors are all that there is.
      if (Number.isFinite(quota)) expect(quota).toBeCloseTo(0.5);
      else expect(allowed).toBe(1);
      running.kill("SIGINT");
      await running.ended;
    });

    it("must-have 11: the wall clock ends a run with exit 124, grandchildren of another session included", async () => {
      await using cli = engine.createCli();
      const marker = freshMarker();
      const script = `setsid sh -c 'sleep 600; : ${marker}' & sleep 600; : ${marker}`;
      const result = await cli.run(["run", "--timeout", "1s", "--", "sh", "-c", script]);
      expect(result.exitCode).toBe(124);
      expect(processesSaying(marker)).toEqual([]);
    });

    it("must-have 12: the agent is no root, has no capability and gets none, and its root cannot be written", async () => {
      await using cli = engine.createCli();
      const script = [
        "id -u; grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' /proc/self/status",
        "for d in / /usr /etc /opt /proc/sys/kernel; do touch $d/planted 2>/dev/null && echo wrote $d; done; exit 0",
      ].join("; ");
      const { stdout } = await cli.run(["run", "--", "sh", "-c", script]);
      const sets = ["Inh", "Prm", "Eff", "Bnd", "Amb"].map((set) => `Cap${set}:\\t0{16}\\n`);
      expect(stdout).toMatch(new RegExp(`^[1-9]\\d*\\n${sets.join("")}NoNewPrivs:\\t1\\nSeccomp:\\t2\\n$`));
    });
  });

import { spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "./local-kit.ts";

// No user of any machine: what it may do is what everybody may.
const ordinary = 61_234;
const suites = ["sandbox", "terminal", "stop", "limits", "gate-process"];

it("the engine's suites pass for an ordinary user, too", { timeout: 180_000 }, () => {
  // Run by an ordinary user, the suites beside this one have shown it already.
  if (process.getuid?.() !== 0) return;
  const home = mkdtempSync(join(tmpdir(), "caisson-ordinary-"));
  try {
    chownSync(home, ordinary, ordinary);
    const shown = join(home, "project");
    mkdirSync(shown);
    // Root's project may lie where nobody else gets to: it is shown at a place of its own, to this process tree alone.
    const script = 'mount --bind "$1" "$2" && cd "$2" && shift 2 && exec "$@"';
    const asOrdinary = ["setpriv", "--reuid", `${ordinary}`, "--regid", `${ordinary}`, "--clear-groups"];
    const node = process.execPath.replace(`${root}/`, `${shown}/`);
    const vitest = ["node_modules/vitest/vitest.mjs", "run", "--configLoader", "native", "--project", "parts"];
    const files = suites.map((name) => `test/parts/local/${name}.test.ts`);
    const result = spawnSync(
      "unshare",
      ["--mount", "sh", "-c", script, "sh", root, shown, ...asOrdinary, node, ...vitest, ...files],
      { encoding: "utf8", env: { PATH: process.env.PATH, HOME: home, TMPDIR: home, NO_COLOR: "1" } },
    );
    expect(result.stdout + result.stderr).toMatch(
      new RegExp(`Test Files +${suites.length} passed \\(${suites.length}\\)`),
    );
    expect(result.stdout).not.toMatch(/skipped|failed/);
    expect(result.status).toBe(0);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

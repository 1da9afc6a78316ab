import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A fresh copy of the demo's project in a temporary folder, committed to git. */
export function makeWorkspace(): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "caisson-demo-")));
  cpSync(join(import.meta.dirname, "project"), dir, { recursive: true });
  const git = (...args: readonly string[]) => execFileSync("git", ["-C", dir, ...args], { stdio: "ignore" });
  git("init", "--quiet", "--initial-branch=main");
  git("add", "--all");
  git("-c", "user.name=Demo", "-c", "user.email=demo@till.example", "commit", "--quiet", "--message=A till");
  return dir;
}

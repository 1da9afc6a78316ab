import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createTestCli, launcher } from "../kit/cli.ts";

it("the compiled code that later starts run is in a folder of the person's alone, whatever the umask", async () => {
  await using cli = createTestCli();
  const { NODE_COMPILE_CACHE: _, ...env } = cli.environment;
  execFileSync("sh", ["-c", `umask 000; exec "$0" --version`, launcher], { env, cwd: cli.workspace });
  const folder = join(env.XDG_CACHE_HOME ?? join(cli.home, ".cache"), "caisson/compile");
  expect(statSync(folder).mode & 0o077).toBe(0);
});

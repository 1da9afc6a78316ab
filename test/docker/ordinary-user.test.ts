import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, inject, it } from "vitest";
import { launcher } from "../kit/cli.ts";
import { dockerEngineAt } from "../kit/docker-engine.ts";

/** Any number will do: nobody has to be there by that name. */
const uid = 54_321;

it("an ordinary user who may use the engine works as themselves, with their own git, and cleans up", () => {
  const { dockerHost } = dockerEngineAt(inject("dockerEngine"));
  const socket = dockerHost.slice("unix://".length);
  for (const dir of [dirname(socket), dirname(dirname(socket))]) chmodSync(dir, 0o711);
  chmodSync(socket, 0o666);
  const root = mkdtempSync(join(tmpdir(), "cs-"));
  try {
    for (const name of ["h", "s", "w"]) mkdirSync(join(root, name));
    writeFileSync(join(root, "w/there.txt"), "before");
    execFileSync("chown", ["-R", `${uid}:${uid}`, root]);
    const env = {
      PATH: process.env.PATH,
      HOME: join(root, "h"),
      XDG_STATE_HOME: join(root, "s"),
      DOCKER_HOST: dockerHost,
    };
    const asUser = (...argv: readonly string[]) =>
      spawnSync("setpriv", [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", ...argv], {
        cwd: join(root, "w"),
        env,
        encoding: "utf8",
      });
    asUser("git", "init", "--quiet", "--initial-branch=main");
    const script = [
      "id -u; cat there.txt; echo; git config user.name A; git config user.email a@test.example",
      "echo x > new.txt; git add .; git commit --quiet -m inside; curl -sS http://nowhere.example/ | head -1",
    ].join("; ");
    const run = asUser(launcher, "run", "--engine", "docker", "--", "sh", "-c", script);
    expect(run).toMatchObject({ status: 0, stdout: expect.stringMatching(/^54321\nbefore\n.*no-route/s) });
    expect(asUser("git", "log", "--format=%s").stdout).toBe("inside\n");
    expect(statSync(join(root, "w/new.txt")).uid).toBe(uid);
    expect(readFileSync(join(root, "w/new.txt"), "utf8")).toBe("x\n");
    expect(asUser(launcher, "cleanup")).toMatchObject({ status: 0, stderr: "nothing was left over\n" });
  } finally {
    chmodSync(socket, 0o660);
    rmSync(root, { recursive: true, force: true });
  }
});

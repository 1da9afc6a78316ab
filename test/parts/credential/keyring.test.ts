import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createKeptWorld } from "./kept-kit.ts";

const isHere = (program: string) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
const hasKeyring = isHere("gnome-keyring-daemon") && isHere("dbus-run-session");

// Where this machine has a keyring at all; its absence is tried by kept-store.test.ts.
it.skipIf(!hasKeyring)(
  "the key lies in the session's keyring where there is one: the folder alone opens nothing",
  () => {
    using world = createKeptWorld();
    const program = join(import.meta.dirname, "keyring-user.ts");
    const script = `echo -n x | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; exec "$0" "$1" "$2"`;
    const text = execFileSync("dbus-run-session", ["--", "sh", "-c", script, process.execPath, program, world.home], {
      env: { PATH: process.env.PATH, HOME: world.home },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(JSON.parse(text)).toEqual({ sealedBy: "keyring", value: "kept-in-a-session", again: "kept-in-a-session" });
    expect(existsSync(join(world.folder, "key"))).toBe(false);
  },
);

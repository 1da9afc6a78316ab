import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openKeptStore } from "../../../src/host/credential/kept/kept-store.ts";

/** A person with nothing kept yet; disposing removes their home. */
export function createKeptWorld(environment: Readonly<Record<string, string>> = {}) {
  const home = mkdtempSync(join(tmpdir(), "kept-"));
  const host = { environment, home };
  const folder = join(home, ".config/caisson/credentials");
  return {
    home,
    folder,
    host,
    open: (more: Readonly<Record<string, string>> = {}) =>
      openKeptStore({ home, environment: { ...environment, ...more } }),
    /** Every byte below the home, names included. */
    text: () => execFileSync("grep", ["-ra", "", home], { encoding: "utf8" }),
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** A plain value to keep. */
export const valueEntry = (name: string, value: string) => ({
  head: { name, kind: "value", keptAt: new Date().toISOString() } as const,
  secret: { kind: "value", value } as const,
});

import { cpSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Copies a live sandbox's folder, so that its compose file can be brought up when the sandbox is gone; returns that file. */
export function copyTopology(stateDir: string, copy: string): string {
  cpSync(stateDir, copy, { recursive: true, filter: (source) => !lstatSync(source).isSocket() });
  const file = join(copy, "docker-compose.yml");
  writeFileSync(file, readFileSync(file, "utf8").replaceAll(stateDir, copy));
  return file;
}

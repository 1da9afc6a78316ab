import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";

/**
 * Removes a folder and all in it, however it was left: folders that not even their owner may enter, paths that are longer
 * than the system takes. Follows no link. Returns what went wrong; undefined = it is gone.
 */
export function removeTree(path: string): string | undefined {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    return undefined;
  } catch {
    // The system's own tools go down folder by folder; nothing else in here does.
    spawnSync("chmod", ["-R", "u+rwX", "--", path], { stdio: "ignore" });
    const { stderr } = spawnSync("rm", ["-rf", "--", path], { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] });
    return existsSync(path) ? `${path}: ${stderr?.split("\n")[0] ?? "it cannot be removed"}` : undefined;
  }
}

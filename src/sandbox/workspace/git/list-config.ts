import type { GuardHost } from "../guard-host.ts";
import { type ConfigEntry, parseConfigList } from "./config-entry.ts";

/** What git reads from these bytes as a configuration, includes not followed; undefined when it cannot read them. */
export async function listConfig(host: GuardHost, bytes: Uint8Array): Promise<readonly ConfigEntry[] | undefined> {
  const answer = await host.git(["config", "--file", "-", "--no-includes", "--list", "-z"], { input: bytes });
  return answer.code === 0 ? parseConfigList(answer.stdout) : undefined;
}
